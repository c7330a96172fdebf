"""Reading the current release: one release for a whole page, each answer kept once.

A page is drawn while one release is pinned, so that all its numbers are of the same state. What is
read is kept under the release, the statement and its values, and forgotten when it gets too much.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import streamlit as st

from watchhouse.errors import QuestionError, WatchhouseError, one_line
from watchhouse.layout import Home
from watchhouse.manifests import ReleaseManifest
from watchhouse.questions import Answer, Question, plan
from watchhouse.questions import ask as ask_release
from watchhouse.releases import Follower, Release, current_release_id

logger = logging.getLogger(__name__)

_KEPT: Final = 400
"""Answers kept; the eldest goes first."""
_KEPT_SECONDS: Final = 3600
_PINNED: ContextVar[Release] = ContextVar("release")


class UnanswerableError(WatchhouseError):
    """The release cannot say what a page asks for; the text is shown in place of it."""


@dataclass(frozen=True)
class Sheet:
    """A table to be shown, and what has to be said beside it. `notes` are sentences."""

    table: pa.Table
    notes: tuple[str, ...] = field(default=())


@contextmanager
def pinned(home: Home) -> Iterator[ReleaseManifest]:
    """Keep the current release for everything that is read inside the block.

    Raises:
        NoReleaseError: nothing has been published yet.
        WatchhouseError: the release is damaged.
    """
    with _follower(home.root).reading() as release:
        token = _PINNED.set(release)
        try:
            yield release.manifest
        finally:
            _PINNED.reset(token)


def manifest() -> ReleaseManifest:
    """Return what the pinned release is."""
    return _PINNED.get().manifest


def current_id(home: Home) -> int | None:
    """Return the number of the current release, pinned or not."""
    return current_release_id(home)


def has(*marts: str) -> bool:
    """Tell whether the pinned release has all of these marts."""
    return all(mart in manifest().marts for mart in marts)


def require(*marts: str) -> None:
    """Have the page say so where the pinned release is older than a mart that it reads.

    Raises:
        UnanswerableError: naming the mart and the remedy.
    """
    for mart in marts:
        if not has(mart):
            message = (
                f"Release {manifest().release_id} has no `{mart}` yet: it comes with the next "
                "`make build`."
            )
            raise UnanswerableError(message)


def read(sql: str, values: Mapping[str, Any] | None = None) -> pa.Table:
    """Return the rows of a statement over the pinned release.

    Raises:
        UnanswerableError: the release cannot answer it.
    """
    release = _PINNED.get()
    parameters = dict(values or {})
    try:
        return _read(_name(release), sql, parameters, release)
    except duckdb.Error as error:
        logger.exception("the release could not be read")
        message = f"Release {manifest().release_id} cannot answer this: {one_line(error)}"
        raise UnanswerableError(message) from error


def ask(question: Question) -> Answer:
    """Answer a question for metrics of the registry.

    Raises:
        QuestionError: no mart of the release can be cut that way.
    """
    release = _PINNED.get()
    return _ask(_name(release), repr(question), question, release)


def refusal(question: Question) -> QuestionError | None:
    """Return why a question cannot be answered, None if it can; nothing is read."""
    try:
        plan(question, _row_counts(_PINNED.get()))
    except QuestionError as error:
        return error
    return None


@st.cache_resource(show_spinner=False)
def _follower(root: Path) -> Follower:
    return Follower(Home(root))


def _name(release: Release) -> tuple[str, int]:
    return str(release.folder.parent), release.manifest.release_id


@st.cache_data(show_spinner=False, max_entries=_KEPT, ttl=_KEPT_SECONDS)
def _read(name: tuple[str, int], sql: str, values: dict[str, Any], _release: Release) -> pa.Table:
    del name  # what tells answers apart, with the statement and its values
    cursor = _release.cursor()
    try:
        return cursor.execute(sql, values).to_arrow_table()
    finally:
        cursor.close()


@st.cache_data(show_spinner=False, max_entries=_KEPT, ttl=_KEPT_SECONDS)
def _ask(name: tuple[str, int], asked: str, _question: Question, _release: Release) -> Answer:
    del name, asked  # what tells answers apart
    cursor = _release.cursor()
    try:
        return ask_release(cursor, _question, _row_counts(_release))
    finally:
        cursor.close()


def _row_counts(release: Release) -> dict[str, int]:
    return {name: mart.row_count for name, mart in release.manifest.marts.items()}
