"""Weeks as a release counts them: how they are named, and which of them it knows."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from watchhouse.errors import UsageError, WatchhouseError
from watchhouse.slices import WEEK_STARTS_ON

_LENGTH = timedelta(days=7)
_MIDDLE = timedelta(days=3)
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

    first_day: date
    is_over: bool
    is_comparable: bool

    @property
    def end(self) -> date:
        """Return the first day after it."""
        return self.first_day + _LENGTH

    @property
    def name(self) -> str:
        """Return its name, 2026-W04."""
        return named(self.first_day)


def named(first_day: date) -> str:
    """Return the name of the week that begins on a day: that of the ISO week with most of it."""
    year, number, _ = (first_day + _MIDDLE).isocalendar()
    return f"{year:04}-W{number:02}"


def day_of(text: str) -> date:
    """Return a day of the week that is named, 2026-W04, or the day itself, 2026-01-21.

    Raises:
        UsageError: the text is neither.
    """
    try:
        day = date.fromisoformat(text)
        return day + _MIDDLE if "W" in text else day
    except (ValueError, OverflowError) as error:
        message = f"--week {text!r} is neither a week, as 2026-W04 is, nor a day, as 2026-01-21 is"
        raise UsageError(message) from error


def choose(cursor: duckdb.DuckDBPyConnection, day: date | None) -> Week:
    """Return the week that has a day, or without it the last one that is over.

    Raises:
        WatchhouseError: nothing was played in it, or no week is over yet.
    """
    first, last = cursor.execute(_DAYS).fetchone() or (None, None)
    if first is None:
        message = "the release holds no plays: `watchhouse status` says what became of what landed"
        raise WatchhouseError(message)
    known = f"the release knows plays from {first} to {last}"
    (starts_on,) = cursor.execute(f"select {WEEK_STARTS_ON}").fetchone() or (1,)
    if day is None:
        first_day = _begun(last, starts_on) - _LENGTH
        if first_day + _LENGTH <= first:
            name = named(_begun(last, starts_on))
            message = f"no week is over yet: {known}; name this one with --week {name}"
            raise WatchhouseError(message)
        # A gap in the data: the last week that anything was played in.
        day = _last_played(cursor, first_day + _LENGTH) or first_day
    name, count = f"of {day}", None
    try:
        first_day = _begun(day, starts_on)
        name = named(first_day)
        week = Week(first_day, last >= first_day + _LENGTH, first <= first_day - _LENGTH)
        count = cursor.execute(_PLAYS, [first_day, week.end - timedelta(days=1)]).fetchone()
    except OverflowError:
        pass
    if not count or not count[0]:
        message = f"nothing was played in week {name}: {known}"
        raise WatchhouseError(message)
    return week


def _begun(day: date, starts_on: int) -> date:
    """Return the first day of the week of a day; `starts_on` is 1 for Monday to 7 for Sunday."""
    return day - timedelta(days=(day.isoweekday() - starts_on) % 7)


def _last_played(cursor: duckdb.DuckDBPyConnection, end: date) -> date | None:
    row = cursor.execute(
        "select max(activity_date) from fct_platform_days where activity_date < ?", [end]
    ).fetchone()
    return row[0] if row else None
