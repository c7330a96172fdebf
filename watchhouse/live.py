"""The live tail: what landed since the current release, judged by the same SQL, provisional.

The release ships the compiled SQL of the models that read and check raw events. They run here, in
memory, over the batches that the release does not hold. Provisional means: names are as received,
not yet the catalogue's; sessions and all else that needs more than the event are left to builds.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import duckdb

from watchhouse.errors import WatchhouseError, one_line
from watchhouse.judging import Judge
from watchhouse.layout import Home
from watchhouse.marts import Selection, literal
from watchhouse.releases import Follower, Release


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
        self._judge = Judge(home)
        self._follower = Follower(home)
        self._lock = threading.Lock()

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
                self._judge.forget()
                message = (
                    f"the live tail cannot be read: {one_line(error)}. Ask again; if it stays so, "
                    "restore what is gone or damaged from a copy."
                )
                raise WatchhouseError(message) from error

    def close(self) -> None:
        """Let the release go; the next `read` opens the current one."""
        with self._lock:
            self._follower.close()
            self._judge.forget()

    def move_on(self, release_id: int) -> None:
        """Let the release go if it is another one; whoever reads right now moves on by itself."""
        if self._lock.acquire(blocking=False):
            try:
                if self._judge.release_id not in {None, release_id}:
                    self._follower.close()
                    self._judge.set_aside()
            finally:
                self._lock.release()

    def _read(self, release: Release, now: datetime, minutes: float | None) -> LiveTail:
        connection = self._judge.tail(release)
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
            batch_count=self._judge.judged_count,
            unread_batch_count=self._judge.unread_count,
            landed_count=landed,
            quarantined_count=quarantined,
            duplicate_count=duplicates,
            play_count=figures[0],
            user_count=figures[1],
            hours_viewed=figures[2],
            latest_landed_at=latest.replace(tzinfo=UTC) if latest else None,
            top_shows=tuple(LiveShow(*show) for show in shows),
        )


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
