"""The live tail: what landed since the current release, judged by the same SQL, provisional.

The release ships the compiled SQL of the models that read and check raw events. They run here, in
memory, over the batches that the release does not hold. Provisional means: names are as received,
not yet the catalogue's; sessions and all else that needs more than the event are left to builds.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb

from watchhouse.errors import WatchhouseError, one_line
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger, superseded
from watchhouse.manifests import DATABASE_NAME
from watchhouse.marts import Selection, literal
from watchhouse.releases import Follower, Release
from watchhouse.staged import with_files

_STREAM: Final = "watch_events"
_STAGED: Final = "stg_lake__watch_events"
_CHECKED: Final = "int_watch_events_checked"


@dataclass(frozen=True)
class LiveShow:
    """A show by its name as received."""

    show_name: str
    play_count: int
    user_count: int
    hours_viewed: float


@dataclass(frozen=True)
class LiveTail:
    """Plays that no release holds yet. Times are UTC; `users` are counted by pseudonym.

    `batch_count` batches were looked at; `unread_batch_count` more hold dates in a format that the
    shipped SQL does not know, and wait for the next build. After a release of `selection` core, the
    marts outside the core lack more than the tail.
    """

    release_id: int
    selection: Selection
    data_as_of: datetime | None
    metric_versions: Mapping[str, str]
    is_provisional: bool
    read_at: datetime
    since: datetime | None
    batch_count: int
    unread_batch_count: int
    landed_count: int
    quarantined_count: int
    duplicate_count: int
    play_count: int
    user_count: int
    hours_viewed: float
    latest_landed_at: datetime | None
    top_shows: tuple[LiveShow, ...]


class Live:
    """Answers about the tail of one home; keep one, and each batch is read and judged once."""

    def __init__(self, home: Home) -> None:
        """Nothing is opened until the first `read`."""
        self._home = home
        self._ledger = Ledger(home)
        self._follower = Follower(home)
        self._lock = threading.Lock()
        self._release_id: int | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._held: frozenset[str] = frozenset()
        self._models: dict[str, str] = {}
        self._judged: set[str] = set()
        self._unread: set[str] = set()

    def read(self, *, now: datetime, minutes: float | None = None) -> LiveTail:
        """Return the tail; with `minutes`, only the plays that began within so many before `now`.

        Raises:
            NoReleaseError: nothing has been published yet.
            WatchhouseError: the release or a batch cannot be read.
        """
        with self._lock, self._follower.reading() as release:
            try:
                return self._read(release, now, minutes)
            except duckdb.Error as error:
                # A batch may have been compacted away between the ledger and the read.
                self._release_id = None
                message = (
                    f"the live tail cannot be read: {one_line(error)}. Ask again; if it stays so, "
                    "restore what is gone or damaged from a copy."
                )
                raise WatchhouseError(message) from error

    def close(self) -> None:
        """Let the release go."""
        with self._lock:
            self._follower.close()
            if self._connection is not None:
                self._connection.close()
                self._connection = None
                self._release_id = None

    def _read(self, release: Release, now: datetime, minutes: float | None) -> LiveTail:
        connection = self._follow(release)
        self._take(connection)
        since = None if minutes is None else now - timedelta(minutes=minutes)
        bound = literal(since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")) if since else ""
        within = f" and started_at >= cast({bound} as timestamp)" if since else ""
        (counts,) = connection.execute(_COUNTS).fetchall()
        (figures,) = connection.execute(_FIGURES + within).fetchall()
        shows = connection.execute(_SHOWS.format(within=within)).fetchall()
        landed, quarantined, duplicates, latest = counts
        return LiveTail(
            release_id=release.manifest.release_id,
            selection=release.manifest.selection,
            data_as_of=release.manifest.data_as_of,
            metric_versions=release.manifest.metric_versions,
            is_provisional=True,
            read_at=now,
            since=since,
            batch_count=len(self._judged),
            unread_batch_count=len(self._unread),
            landed_count=landed,
            quarantined_count=quarantined,
            duplicate_count=duplicates,
            play_count=figures[0],
            user_count=figures[1],
            hours_viewed=figures[2],
            latest_landed_at=latest.replace(tzinfo=UTC) if latest else None,
            top_shows=tuple(LiveShow(*show) for show in shows),
        )

    def _follow(self, release: Release) -> duckdb.DuckDBPyConnection:
        """Begin anew when the release has moved: its batches are no longer in the tail."""
        if self._connection is not None:
            if self._release_id == release.manifest.release_id:
                return self._connection
            self._connection.close()
        self._connection = connection = duckdb.connect(":memory:")
        self._judged, self._unread = set(), set()
        cursor = release.cursor()
        self._held = frozenset(
            row[0] for row in cursor.execute("select batch_id from meta.batches").fetchall()
        )
        self._models = dict(cursor.execute("from meta.live_models").fetchall())
        if not {_STAGED, _CHECKED} <= self._models.keys():
            message = (
                f"release {release.manifest.release_id} ships no SQL for the live tail; run "
                "`watchhouse build --full-refresh`"
            )
            raise WatchhouseError(message)
        # The models name their relations in full, as the build database has them.
        connection.execute("set TimeZone = 'UTC'; attach ':memory:' as warehouse")
        connection.execute("create schema warehouse.staging; create schema warehouse.intermediate")
        path = literal(str(release.folder / DATABASE_NAME))
        connection.execute(f"attach {path} as release (read_only)")
        connection.execute(_JUDGED)
        connection.execute(_TAIL)
        self._release_id = release.manifest.release_id
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
            connection.execute(_JUDGED)
            connection.execute(_TAIL)
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
        connection.execute(
            "create or replace table warehouse.intermediate.int_batches ("
            "batch_id varchar, watch_date_format varchar, time_zone varchar,"
            " decimal_separator varchar)"
        )
        connection.executemany(
            "insert into warehouse.intermediate.int_batches values (?, ?, ?, ?)", rows
        )
        if paths:
            staged = with_files(
                self._models[_STAGED],
                paths,
                where="where batch_id in (select batch_id from warehouse.intermediate.int_batches)",
            )
            if staged is None:
                message = f"the model {_STAGED} does not begin with `landed as (`"
                raise WatchhouseError(message)
            connection.execute(f"create or replace view warehouse.staging.{_STAGED} as {staged}")
            checked = self._models[_CHECKED]
            connection.execute(f"insert into judged select {_COLUMNS} from ({checked})")  # noqa: S608
        connection.execute(_TAIL)


_COLUMNS: Final = (
    "play_id, batch_id, source_position, user_id, show_name, watched_microseconds, is_valid,"
    " started_date, started_at, landed_at"
)
_JUDGED: Final = """
    create or replace table judged as
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
    limit 0
"""
# One row for each event of the tail that a release does not have: of several, as in builds, the one
# watched longest. That one which a release has lasted longer now is left to the next build.
_TAIL: Final = """
    create or replace table tail as
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
_COUNTS: Final = """
    select
        count(*),
        count(*) filter (where not is_valid),
        count(*) filter (where is_valid) - (select count(*) from tail),
        max(landed_at)
    from judged
"""
_FIGURES: Final = """
    select
        count(*), count(distinct user_id), coalesce(sum(watched_microseconds), 0) / 3.6e9
    from tail
    where watched_microseconds > 0
"""
_SHOWS: Final = """
    select mode(show_name), count(*), count(distinct user_id), sum(watched_microseconds) / 3.6e9
    from tail
    where watched_microseconds > 0 {within}
    group by lower(show_name)
    order by sum(watched_microseconds) desc, lower(show_name)
    limit 10
"""
