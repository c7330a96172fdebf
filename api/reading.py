"""Questions to the current release, asked beside the event loop and given up when too slow."""

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

import duckdb

from api.problems import ProblemError
from api.provenance import Figures, provenance
from api.statements import Statements
from api.threads import Threads
from watchhouse.errors import WatchhouseError
from watchhouse.layout import Home
from watchhouse.manifests import ReleaseManifest, read_manifest
from watchhouse.questions import Answer, ask
from watchhouse.questions import Question as MetricQuestion
from watchhouse.releases import Follower, Release, current_release_id, open_kept

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Rows: TypeAlias = "pa.Table | list[dict[str, Any]]"
_THREADS: Final = 4
"""Questions at once. More would divide the same cores: all would take longer, some much longer."""
_WAITING: Final = 256
"""Questions that may wait for a thread; more are asked to come again."""


@dataclass
class Question:
    """One thread's view of one release, while it answers one request."""

    manifest: ReleaseManifest
    _cursor: Statements
    _look_up_cursor: Callable[[], Statements]
    is_for_json: bool = False
    """Whether rows may be dictionaries at once: a few cost half of what an Arrow table does."""

    figures: Figures | None = None
    """Metrics that the answer holds; None where it can hold none."""
    has_read: bool = False
    """Whether anything was asked of the release by now."""

    def of(self) -> dict[str, Any]:
        """Return what every answer says of where it comes from."""
        return provenance(self.manifest, self.figures)

    def looks_up(self) -> None:
        """Say that few rows are read, by what they are ordered or indexed by."""
        self._cursor = self._look_up_cursor()

    def has(self, mart: str) -> bool:
        """Tell whether the release holds a mart; one of an earlier version may not."""
        return mart in self.manifest.marts

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the rows of a query as dictionaries."""
        self.has_read = True
        return self._cursor.rows(sql, dict(values or {}))

    def row(self, sql: str, values: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Return the first row of a query."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None

    def table(self, sql: str, values: Mapping[str, Any] | None = None) -> "pa.Table":
        """Return the rows of a query as an Arrow table."""
        return self._cursor.execute(sql, dict(values or {})).to_arrow_table()

    def page(
        self, sql: str, values: Mapping[str, Any], *, limit: int, as_rows: bool
    ) -> tuple["Rows", dict[str, Any] | None]:
        """Return at most `limit` rows of a query for one more, and the last if others follow."""
        found: Rows
        if as_rows and self.is_for_json:
            found = self.rows(sql, values)
            return found[:limit], found[limit - 1] if len(found) > limit else None
        found = self.table(sql, values)
        if len(found) <= limit:
            return found, None
        return found.slice(0, limit), found.slice(limit - 1, 1).to_pylist()[0]

    def answer(self, asked: MetricQuestion) -> Answer:
        """Return what the registry's metrics say of this release."""
        row_counts = {name: mart.row_count for name, mart in self.manifest.marts.items()}
        return ask(self._cursor.connection, asked, row_counts)


class Reader:
    """Answers from whatever release is current."""

    def __init__(self, home: Home, *, seconds: float) -> None:
        """Give each question `seconds`."""
        self._home = home
        self._seconds = seconds
        self._follower = Follower(home)
        self._threads = Threads(_THREADS, name="read")
        self._local = threading.local()
        self._waiting = 0
        self._is_warm = False
        self._known: ReleaseManifest | None = None

    def known(self) -> ReleaseManifest | None:
        """Return the manifest of the current release, if that is known without opening it."""
        known = self._known
        if known is not None and current_release_id(self._home) == known.release_id:
            return known
        return None

    async def ask(
        self,
        work: Callable[[Question], T],
        *,
        release_id: int | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> T:
        """Have `work` done by a thread on one release: the current one, or an earlier one.

        `meanwhile` is called once the thread has it.

        Raises:
            NoReleaseError: nothing has been published yet.
            ProblemError: it took too long, too many others wait, or the release is gone.
        """
        if self._waiting >= _WAITING:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "busy",
                "too many questions are being answered; ask again in a second",
                headers={"Retry-After": "1"},
            )
        loop = asyncio.get_running_loop()
        turn = _Turn()
        self._waiting += 1
        timer = loop.call_later(self._seconds, turn.interrupt)
        try:
            answer: asyncio.Future[T] = self._threads.run(self._answer, work, turn, release_id)
            if meanwhile is not None:
                meanwhile()
            return await answer
        except duckdb.InterruptException as error:
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too-slow",
                f"the answer took longer than {self._seconds:g} s; ask for fewer days",
            ) from error
        finally:
            timer.cancel()
            self._waiting -= 1

    def _answer(self, work: Callable[[Question], T], turn: "_Turn", release_id: int | None) -> T:
        with self._reading(release_id) as cursors:

            def look_up_cursor() -> Statements:
                return turn.begin(cursors.look_up)

            cursor = turn.begin(cursors.any)
            question = Question(cursors.release.manifest, cursor, look_up_cursor)
            try:
                return work(question)
            finally:
                turn.end()
                if question.has_read and not self._is_warm:
                    # The engine's client has imported what it imports when it is first asked: that
                    # stays, so it need not be looked through for garbage.
                    self._is_warm = True
                    gc.freeze()

    @contextmanager
    def _reading(self, release_id: int | None) -> Iterator["_Cursors"]:
        if release_id is not None and release_id != current_release_id(self._home):
            kept = open_kept(self._home, release_id)
            if kept is None:
                raise ProblemError(
                    HTTPStatus.NOT_FOUND,
                    "unknown-release",
                    f"as_of: release {release_id} is not kept; `/v1/releases` lists those that are",
                )
            # Earlier releases are asked for now and then: not worth keeping them open.
            with kept as release:
                yield _Cursors(release)
            return
        with self._follower.reading() as release:
            self._known = release.manifest
            yield self._cursors(release)

    def _cursors(self, release: Release) -> "_Cursors":
        """Return this thread's cursors: making one costs as much as a look-up."""
        known: _Cursors | None = getattr(self._local, "known", None)
        if known is None or known.release is not release:
            if known is not None:
                known.close()
            known = self._local.known = _Cursors(release)
        return known

    def kept(self) -> list[ReleaseManifest]:
        """Return the releases that are still there, the latest first."""
        folders = (path for path in self._home.releases.glob("*") if path.name.isdecimal())
        found = []
        for folder in folders:
            # One may be collected, or not yet be whole, while we look.
            with suppress(WatchhouseError):
                found.append(read_manifest(folder))
        return sorted(found, key=lambda manifest: -manifest.release_id)

    def close(self) -> None:
        """Let the release go when the last question is answered."""
        self._threads.close()
        self._follower.close()


class _Cursors:
    """What one thread reads one release with, made when it is needed."""

    def __init__(self, release: Release) -> None:
        self.release = release

    @cached_property
    def any(self) -> Statements:
        return Statements(self.release.cursor())

    @cached_property
    def look_up(self) -> Statements:
        return Statements(self.release.look_up_cursor())

    def close(self) -> None:
        for name in {"any", "look_up"} & vars(self).keys():
            vars(self)[name].connection.close()


class _Turn:
    """The time that one question has; it must not run out on the next one of the same thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursor: Statements | None = None
        self._is_over = False

    def begin(self, cursor: Statements) -> Statements:
        with self._lock:
            self._cursor = cursor
            if self._is_over:
                message = "waited too long for a thread"
                raise duckdb.InterruptException(message)
        return cursor

    def interrupt(self) -> None:
        with self._lock:
            self._is_over = True
            if self._cursor is not None:
                self._cursor.connection.interrupt()

    def end(self) -> None:
        with self._lock:
            self._cursor = None
