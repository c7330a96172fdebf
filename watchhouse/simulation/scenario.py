"""What to simulate: how much, when, and how dirty."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from watchhouse.errors import UsageError

FileFormat = Literal["csv", "ndjson"]
EventIds = Literal["sequential", "uuid"]

EARLIEST_START: Final = date(1990, 1, 2)
"""The loader's rules call anything before 1990 a mistake; one day is left for time zones."""

MOST_EVENTS_PER_USER: Final = 100_000
"""A user's events are made in one piece, so this bounds the memory that a run needs."""

LARGEST_SEED: Final = 2**63 - 1

_CHUNK_EVENTS: Final = 250_000
_CHUNK_USERS: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares of the events, each between 0 and 1, that deviate from a clean, complete event."""

    malformed: float = 0.002
    invalid: float = 0.01
    redelivered: float = 0.006
    repeated_without_id: float = 0.002
    corrected: float = 0.004
    late: float = 0.01
    without_event_id: float = 0.05
    with_show_id: float = 0.25
    without_episode_ids: float = 0.015
    respelled: float = 0.03

    def clean(self) -> "Rates":
        """Return the same rates without anything that a loader or a model must set aside."""
        return replace(
            self,
            malformed=0.0,
            invalid=0.0,
            redelivered=0.0,
            repeated_without_id=0.0,
            corrected=0.0,
            late=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The arguments of one simulation; equal scenarios give equal bytes.

    `events` counts the records that are written, malformed and repeated ones included. Days run
    from `start` (UTC) for `days` days; each of `files` holds the events of a run of whole days.
    """

    events: int = 100_000
    users: int = 2_000
    days: int = 28
    start: date = date(2026, 1, 5)
    seed: int = 1
    file_format: FileFormat = "csv"
    files: int = 4
    event_ids: EventIds = "sequential"
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            UsageError: naming the argument, its value and what it may be.

        """
        for name in ("events", "users", "days", "files"):
            if getattr(self, name) < 1:
                message = f"--{name} must be at least 1, not {getattr(self, name)}"
                raise UsageError(message)
        if not 0 <= self.seed <= LARGEST_SEED:
            message = f"--seed must be between 0 and {LARGEST_SEED}, not {self.seed}"
            raise UsageError(message)
        if self.files > self.days:
            message = (
                f"--files {self.files} is more than --days {self.days}: each file holds whole days"
            )
            raise UsageError(message)
        if self.events > self.users * MOST_EVENTS_PER_USER:
            message = (
                f"--events {self.events} is more than {MOST_EVENTS_PER_USER} for each of "
                f"{self.users} users: give more --users"
            )
            raise UsageError(message)
        if self.start < EARLIEST_START:
            message = (
                f"--start-date {self.start} is too early: events before 1990 count as mistakes, "
                f"give {EARLIEST_START} or later"
            )
            raise UsageError(message)

    @property
    def opens(self) -> int:
        """The first second of the first day, in seconds since 1970."""
        midnight = datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)
        return int(midnight.timestamp())

    @property
    def last_day(self) -> date:
        """The last day on which a play can start: one past `days`, as evenings cross midnight.

        Raises:
            UsageError: when that day is beyond the calendar.

        """
        try:
            return self.start + timedelta(days=self.days)
        except OverflowError as error:
            message = f"--days {self.days} from {self.start} is beyond the calendar"
            raise UsageError(message) from error

    @property
    def chunks(self) -> int:
        """Into how many groups of users the work is cut, so that memory stays bounded."""
        wanted = max(-(-self.events // _CHUNK_EVENTS), -(-self.users // _CHUNK_USERS))
        return min(wanted, self.users)

    def share(self, total: int, chunk: int) -> range:
        """Return which of `total` things belong to the chunk; the shares add up exactly."""
        return range(total * chunk // self.chunks, total * (chunk + 1) // self.chunks)
