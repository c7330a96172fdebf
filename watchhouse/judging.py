"""What landed since a release, judged in memory by the SQL that the release ships.

Each batch is read once, and the SQL is planned once for each release: over a table that holds the
rows of the batches at hand, as planning it anew for each file would take longer than judging.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb

from watchhouse.errors import WatchhouseError
from watchhouse.ledger import Entry, Ledger, superseded
from watchhouse.manifests import DATABASE_NAME
from watchhouse.marts import literal
from watchhouse.staged import with_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from watchhouse.layout import Home
    from watchhouse.releases import Release

_STREAM: Final = "watch_events"
_STAGED: Final = "stg_lake__watch_events"
_CHECKED: Final = "int_watch_events_checked"


class Judge:
    """Reads and judges the batches that the current release of one home does not hold."""

    def __init__(self, home: Home) -> None:
        """Nothing is opened yet."""
        self._home = home
        self._ledger = Ledger(home)
        self.release_id: int | None = None
        """The release that `tail` was asked for last, while it is open here."""
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._held: frozenset[str] = frozenset()
        self._models: dict[str, str] = {}
        self._is_prepared = False
        self._judged: set[str] = set()
        self._unread: set[str] = set()
        self._rows: pa.Table | None = None
        """What was judged, while no release is open."""

    @property
    def judged_count(self) -> int:
        """How many batches were judged."""
        return len(self._judged)

    @property
    def unread_count(self) -> int:
        """How many batches wait for a build: they hold dates in a format the SQL does not know."""
        return len(self._unread)

    def tail(self, release: Release) -> duckdb.DuckDBPyConnection:
        """Return a database with the tables `judged`, each row as judged, and `tail`.

        In `tail` is one row for each valid event that the release does not have.

        Raises:
            WatchhouseError: the release ships no such SQL, or the ledger cannot be read.
            duckdb.Error: a batch cannot be read.
        """
        connection = self._follow(release)
        self._take(connection)
        return connection

    def forget(self) -> None:
        """Let the release go, and judge everything anew next time."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self.release_id = self._rows = None
        self._judged, self._unread = set(), set()

    def set_aside(self) -> None:
        """Let the release go, but keep what was judged: the next one may ship the same SQL."""
        if self._connection is not None:
            self._rows = self._connection.execute("from judged").to_arrow_table()
            self._connection.close()
        self._connection = self.release_id = None

    def _follow(self, release: Release) -> duckdb.DuckDBPyConnection:
        """Begin anew when the release has moved: its batches are no longer in the tail."""
        if self._connection is not None and self.release_id == release.manifest.release_id:
            return self._connection
        self.set_aside()
        cursor = release.cursor()
        self._held = frozenset(
            row[0] for row in cursor.execute("select batch_id from meta.batches").fetchall()
        )
        models = dict(cursor.execute("from meta.live_models").fetchall())
        if not {_STAGED, _CHECKED} <= models.keys():
            message = (
                f"release {release.manifest.release_id} ships no SQL for the live tail; run "
                "`watchhouse build --full-refresh`"
            )
            raise WatchhouseError(message)
        staged = with_rows(models[_STAGED], _LANDED)
        if staged is None:
            message = f"the model {_STAGED} does not begin with `landed as (`"
            raise WatchhouseError(message)
        # As compiled it also names the files of its build.
        models = {_STAGED: staged, _CHECKED: models[_CHECKED]}
        if models != self._models:
            self.forget()
        self._models = models
        self._connection = connection = duckdb.connect(":memory:")
        self._is_prepared = False
        # The models name their relations in full, as the build database has them.
        connection.execute("set TimeZone = 'UTC'; attach ':memory:' as warehouse")
        # A statement that is planned once must not rest on what the tables held at that time: the
        # engine would leave out of it what no row needed then.
        connection.execute("set disabled_optimizers = 'statistics_propagation'")
        connection.execute("create schema warehouse.staging; create schema warehouse.intermediate")
        path = literal(str(release.folder / DATABASE_NAME))
        connection.execute(f"attach {path} as release (read_only)")
        connection.execute(_TABLES)
        if self._rows is not None:
            connection.register("rows_set_aside", self._rows)
            connection.execute(
                "insert into judged from rows_set_aside"
                " where batch_id not in (select batch_id from release.meta.batches)"
            )
            connection.unregister("rows_set_aside")
            self._rows = None
        self._judged -= self._held
        connection.execute(_PREPARED_TAIL)
        connection.execute(_FILL_TAIL)
        self.release_id = release.manifest.release_id
        return connection

    def _take(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read and judge the batches that came since the last look."""
        self._ledger.refresh()
        entries = self._ledger.entries()
        gone = superseded(entries)
        tail = [e for e in entries if e.stream == _STREAM and e.batch_id not in self._held]
        if gone & self._judged:
            # What was judged is replaced by another batch.
            self._judged.clear()
            connection.execute("delete from judged")
            connection.execute(_FILL_TAIL)
        new = [e for e in tail if e.batch_id not in self._judged and e.batch_id not in gone]
        unread = [e for e in new if not self._is_readable(e)]
        self._unread = {e.batch_id for e in unread}
        new = [e for e in new if e.batch_id not in self._unread]
        if new:
            self._judge(connection, new)
            self._judged.update(e.batch_id for e in new)

    def _is_readable(self, entry: Entry) -> bool:
        known = entry.mapping.get("watch_date_format")
        return not known or literal(str(known)) in self._models[_CHECKED]

    def _judge(self, connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
        # Compaction lets batches share files; then each file is read once, for these batches only.
        paths = dict.fromkeys(str(self._home.root / file.path) for e in entries for file in e.files)
        rows: list[Any] = [
            [
                entry.batch_id,
                entry.mapping.get("watch_date_format") or None,
                entry.mapping.get("time_zone") or "UTC",
                entry.mapping.get("decimal_separator") or ".",
            ]
            for entry in entries
        ]
        connection.execute("delete from warehouse.intermediate.int_batches")
        connection.executemany(
            "insert into warehouse.intermediate.int_batches values (?, ?, ?, ?)", rows
        )
        if paths:
            files = f"read_parquet([{', '.join(map(literal, paths))}], hive_partitioning = false)"
            if not self._is_prepared:
                self._prepare(connection, files)
            connection.execute(f"delete from {_LANDED}")  # noqa: S608
            connection.execute(
                f"insert into {_LANDED} by name from {files} where batch_id in"  # noqa: S608
                " (select batch_id from warehouse.intermediate.int_batches)"
            )
            connection.execute("execute judge")
        connection.execute(_FILL_TAIL)

    def _prepare(self, connection: duckdb.DuckDBPyConnection, files: str) -> None:
        """Have the engine plan the models once, over a table like the files."""
        connection.execute(f"create table {_LANDED} as from {files} limit 0")
        connection.execute(f"create view warehouse.staging.{_STAGED} as {self._models[_STAGED]}")
        connection.execute(
            f"prepare judge as insert into judged select {_COLUMNS}"  # noqa: S608
            f" from ({self._models[_CHECKED]})"
        )
        self._is_prepared = True


_LANDED: Final = "warehouse.staging.landed_rows"
_COLUMNS: Final = (
    "play_id, batch_id, source_position, user_id, show_name, watched_microseconds, is_valid,"
    " started_date, started_at, landed_at"
)
_TABLES: Final = """
    create table warehouse.intermediate.int_batches (
        batch_id varchar, watch_date_format varchar, time_zone varchar, decimal_separator varchar
    );
    create table judged as
    select
        play_id,
        batch_id,
        cast(null as bigint) as source_position,
        user_id,
        show_name,
        watched_microseconds,
        cast(null as boolean) as is_valid,
        started_date,
        started_at,
        started_at as landed_at
    from release.marts.fct_plays
    limit 0;
    create table tail as from judged
"""
# One row for each event of the tail that a release does not have: of several, as in builds, the one
# watched longest. That one which a release has lasted longer now is left to the next build.
_PREPARED_TAIL: Final = """
    prepare fill_tail as
    insert into tail
    select judged.*
    from judged
    where
        is_valid
        and not exists (
            select 1
            from release.marts.fct_plays as published
            where
                published.started_date = judged.started_date
                and published.play_id = judged.play_id
        )
    qualify row_number() over (
        partition by play_id order by watched_microseconds desc, batch_id, source_position
    ) = 1
"""
_FILL_TAIL: Final = "delete from tail; execute fill_tail"
