"""What the build database remembers about builds and publications, and what follows from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import duckdb

from watchhouse.errors import BuildError, one_line
from watchhouse.layout import Home
from watchhouse.marts import Selection


@dataclass(frozen=True)
class LastRun:
    """The last run of dbt, by us or by hand.

    `is_complete` when it held every model and test, or all of the fast selection.
    """

    invocation_id: str
    code_version: str
    table_code_version: str | None
    """The code that made every row of every table; None when it was more than one."""
    full_refresh: bool
    is_complete: bool
    failed_count: int | None
    """None while the run goes on, and after it died half-way."""
    selection: Selection = "full"


@dataclass(frozen=True)
class BuildState:
    """`seen` are the batches in the tables as they are; `published` those in a release.

    `waiting` are those of the published that only the core marts hold.
    """

    last_run: LastRun | None
    seen: frozenset[str]
    published: frozenset[str]
    waiting: frozenset[str] = frozenset()


EMPTY_STATE = BuildState(last_run=None, seen=frozenset(), published=frozenset())


@contextmanager
def build_database(home: Home, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build database; the caller holds the builder lock.

    Raises:
        BuildError: it does not exist, or is no database of this version of DuckDB.
    """
    path = home.build_database
    if not path.exists():
        message = f"nothing has been built in {home.root} yet; run `watchhouse build`"
        raise BuildError(message)
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        message = (
            f"the build database {path} cannot be opened: {one_line(error)}. If it is damaged, "
            "move it away: the next build makes it anew from the raw lake, without what schema "
            "history remembers."
        )
        raise BuildError(message) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def read_state(connection: duckdb.DuckDBPyConnection) -> BuildState:
    """Read what the build database knows; parts that no run has made yet count as empty."""
    tables = {
        (schema, name)
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }
    last_run = None
    if ("history", "last_run") in tables:
        cursor = connection.execute("from history.last_run")
        names = [column[0] for column in cursor.description or []]
        row = cursor.fetchone()
        last_run = _last_run(dict(zip(names, row, strict=True))) if row else None
    return BuildState(
        last_run=last_run,
        seen=_batches(connection, "intermediate", "int_batches", tables),
        published=_batches(connection, "history", "published_batches", tables),
        waiting=_batches(connection, "history", "waiting_batches", tables),
    )


def _last_run(values: dict[str, Any]) -> LastRun:
    """Read the record of a run; one of earlier code has fewer columns."""
    known = {field.name for field in fields(LastRun)}
    return LastRun(**{name: value for name, value in values.items() if name in known})


def home_state(home: Home) -> BuildState:
    """Read the state of a home, in which perhaps nothing was built yet."""
    if not home.build_database.exists():
        return EMPTY_STATE
    with build_database(home) as connection:
        return read_state(connection)


def refresh_reason(state: BuildState, code_version: str) -> str | None:
    """Return why tables must be made anew rather than added to, or None when they need not."""
    last_run = state.last_run
    if last_run is None:
        return None
    if last_run.table_code_version != code_version:
        return "the models have changed since the last build"
    if last_run.full_refresh and not last_run.is_complete:
        # Some tables are still those of the code before.
        return "the last full refresh did not finish"
    if state.seen and not state.published:
        # Every row would be taken again, which costs more than making them all anew.
        return "nothing of the last build was published"
    return None


def _batches(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    name: str,
    tables: set[tuple[str, str]],
) -> frozenset[str]:
    if (schema, name) not in tables:
        return frozenset()
    rows = connection.execute(f'select batch_id from "{schema}"."{name}"').fetchall()  # noqa: S608
    return frozenset(batch_id for (batch_id,) in rows)
