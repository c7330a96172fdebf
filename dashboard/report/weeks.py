"""Weeks from Monday to Sunday: how they are named, and which of them a release knows."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from watchhouse.errors import UsageError, WatchhouseError

_LENGTH = timedelta(days=7)
_DAYS = "select min(activity_date), max(activity_date) from fct_platform_days"
_PLAYS = """
    select coalesce(sum(play_count), 0)
    from fct_platform_days
    where activity_date between ? and ?
"""


@dataclass(frozen=True)
class Week:
    """A week of reporting days.

    `is_over` where a play started after it, `is_comparable` where the
    release knows the week before from its first day on.
    """

    monday: date
    is_over: bool
    is_comparable: bool

    @property
    def end(self) -> date:
        """Return the first day after it."""
        return self.monday + _LENGTH

    @property
    def name(self) -> str:
        """Return its name, 2026-W04."""
        return named(self.monday)


def named(monday: date) -> str:
    """Return the name of the week that begins on a day, 2026-W04."""
    year, number, _ = monday.isocalendar()
    return f"{year:04}-W{number:02}"


def monday_of(text: str) -> date:
    """Return the Monday of the week that is named, 2026-W04, or of a day, 2026-01-21.

    Raises:
        UsageError: the text is neither.
    """
    try:
        day = date.fromisoformat(text)
        return day - timedelta(days=day.weekday())
    except (ValueError, OverflowError) as error:
        message = f"--week {text!r} is neither a week, as 2026-W04 is, nor a day, as 2026-01-21 is"
        raise UsageError(message) from error


def choose(cursor: duckdb.DuckDBPyConnection, monday: date | None) -> Week:
    """Return the week that begins on `monday`, or without it the last one that is over.

    Raises:
        WatchhouseError: nothing was played in it, or no week is over yet.
    """
    first, last = cursor.execute(_DAYS).fetchone() or (None, None)
    if first is None:
        message = "the release holds no plays: `watchhouse status` says what became of what landed"
        raise WatchhouseError(message)
    known = f"the release knows plays from {first} to {last}"
    if monday is None:
        monday = last - timedelta(days=last.weekday()) - _LENGTH
        if monday + _LENGTH <= first:
            message = f"no week is over yet: {known}; name this one with --week {named(last)}"
            raise WatchhouseError(message)
        # A gap in the data: the last week that anything was played in.
        monday = _last_played(cursor, monday)
    try:
        week = Week(monday, last >= monday + _LENGTH, first <= monday - _LENGTH)
        count = cursor.execute(_PLAYS, [monday, week.end - timedelta(days=1)]).fetchone()
    except OverflowError:
        count = None
    if not count or not count[0]:
        message = f"nothing was played in week {named(monday)}: {known}"
        raise WatchhouseError(message)
    return week


def _last_played(cursor: duckdb.DuckDBPyConnection, monday: date) -> date:
    row = cursor.execute(
        "select max(activity_date) from fct_platform_days where activity_date < ?",
        [monday + _LENGTH],
    ).fetchone()
    day: date = row[0] if row and row[0] is not None else monday
    return day - timedelta(days=day.weekday())
