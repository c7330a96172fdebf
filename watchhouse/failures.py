"""What failed in a run of dbt, and the rows behind it."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import duckdb

from watchhouse.errors import BuildError, one_line
from watchhouse.layout import Home
from watchhouse.state import build_database

logger = logging.getLogger(__name__)

SCHEMA: Final = "test_failures"
"""Where the failing rows of the last run lie in the build database."""

_FAILED: Final = frozenset({"error", "fail", "runtime error", "partial success"})


@dataclass(frozen=True)
class Failure:
    """A model or test that failed; `query` finds the failing rows of a data test."""

    name: str
    kind: str
    message: str
    query: str | None = None
    relation: str | None = None
    """The table that keeps these rows, once they are kept."""

    def __str__(self) -> str:
        """Say what failed, why, and how to see the rows, indented for a list."""
        lines = [f"  {self.kind} {self.name}: {self.message}"]
        if self.relation is not None:
            lines.append(f'    see the rows: watchhouse sql --build "from {self.relation}"')
        return "\n".join(lines)


def failures(results: Iterable[Any]) -> list[Failure]:
    """Return what failed of dbt's results, whose type is a union of unions."""
    return [_failure(result) for result in results if str(result.status) in _FAILED]


def _failure(result: Any) -> Failure:  # noqa: ANN401
    node = result.node
    kind = str(node.resource_type).replace("_", " ")
    if kind == "unit test":
        # The table of expected and actual rows is of no use on one line.
        return Failure(node.name, kind, (result.message or "").strip())
    message = " ".join((result.message or "no message").split())
    if str(result.status) != "fail" or kind != "test":
        return Failure(node.name, kind, message)
    rows = "1 failing row" if result.failures == 1 else f"{result.failures} failing rows"
    return Failure(node.name, kind, rows, query=node.compiled_code)


def keep_rows(home: Home, failed: Sequence[Failure]) -> list[Failure]:
    """Store the rows of failed tests, so that whoever mends them can look.

    dbt would store those of every test, which costs each a write and small builds a third of their
    time; they are asked for once more instead. The caller holds the builder lock. Where they cannot
    be kept, the failures come back as they were.
    """
    if not any(failure.query for failure in failed):
        return list(failed)
    try:
        with build_database(home) as connection:
            return [_kept(connection, failure) for failure in failed]
    except (BuildError, duckdb.Error) as error:
        logger.warning("the failing rows could not be kept: %s", one_line(error))
        return list(failed)


def _kept(connection: duckdb.DuckDBPyConnection, failure: Failure) -> Failure:
    if failure.query is None:
        return failure
    relation = f"{SCHEMA}.{failure.name}"
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(f"create or replace table {relation} as {failure.query}")
    return replace(failure, relation=relation)
