"""Counts what a warehouse must find in the events, from the numbers they were made of.

Nothing here reads the files or shares code with the models: agreement between the two is evidence.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from watchhouse.simulation.catalog import Catalog
from watchhouse.simulation.fault import file_of_time
from watchhouse.simulation.rows import (
    MICROSECONDS_PER_CENT,
    SECONDS_PER_DAY,
    Fault,
    Flags,
    Integers,
    Reason,
    Rows,
)
from watchhouse.simulation.scenario import Scenario

_FIFTHS_PER_SECOND: Final = 5
_FIFTHS_PER_CENT: Final = 3
_SESSION_GAP_FIFTHS: Final = 30 * 60 * _FIFTHS_PER_SECOND
_BINGE_EPISODES: Final = 3
_BINGE_CENTS: Final = 120 * 100
_VALID_PLAY_CENTS: Final = 50
_TOP_SHOWS: Final = 10
_EPISODES_PER_SEASON: Final = 1_000
_MICROSECONDS_PER_HOUR: Final = 3_600_000_000


class Truth:
    """Adds up the figures of a scenario chunk by chunk; its size does not grow with the events."""

    def __init__(self, scenario: Scenario, catalog: Catalog) -> None:
        """Begin with nothing counted."""
        self._scenario = scenario
        self._catalog = catalog
        self._counts: dict[str, int] = dict.fromkeys(_COUNTS, 0)
        self._rejected: dict[str, int] = {}
        self._reasons: dict[str, int] = {}
        self._plays_by_day = np.zeros(scenario.days + 3, dtype=np.int64)
        shows = len(catalog.shows) + len(catalog.names)
        self._show_cents = np.zeros(shows, dtype=np.int64)
        self._show_plays = np.zeros(shows, dtype=np.int64)
        self._starts: list[int] = []
        self._season = np.array([item.season for item in catalog.items], dtype=np.int64)
        self._episode = np.array([item.episode for item in catalog.items], dtype=np.int64)
        self._runtime = np.array([item.runtime_minutes for item in catalog.items], dtype=np.int64)
        owners = np.repeat(np.arange(len(catalog.shows)), catalog.spelling_count)
        self._spelling_owner = np.append(owners, -1)
        self._spelling_name = np.append(catalog.spelling_name, -1)

    def add(self, rows: Rows) -> None:
        """Count the events of one chunk, which holds all events of its users."""
        self._count("records", len(rows))
        for fault in Fault:
            if fault and (number := int((rows.fault == fault).sum())):
                self._rejected[fault.code] = self._rejected.get(fault.code, 0) + number
                self._count("rejected", number)
        landed = rows.take(rows.fault == 0)
        self._count("landed", len(landed))
        for reason in Reason:
            if number := int(((landed.reasons & reason) > 0).sum()):
                self._reasons[reason.code] = self._reasons.get(reason.code, 0) + number
        passed = landed.take(landed.reasons == 0)
        self._count("quarantined", len(landed) - len(passed))
        arrived = file_of_time(self._scenario, passed.arrived)
        self._count("late_events", arrived > file_of_time(self._scenario, passed.started))
        valid = passed.take(self._kept(passed))
        self._count("valid", len(valid))
        self._count("duplicates", len(passed) - len(valid))
        plays = valid.take(valid.cents > 0)
        self._count("zero_minute_events", len(valid) - len(plays))
        if len(plays):
            self._add_plays(plays.take(np.lexsort((plays.started, plays.user))))

    def _kept(self, rows: Rows) -> Integers:
        """Return the positions of the longest row of each event."""
        has_id = rows.event >= 0
        with_id, without_id = np.flatnonzero(has_id), np.flatnonzero(~has_id)
        event = rows.event[with_id]
        with_id = with_id[np.lexsort((-rows.cents[with_id], event))]
        loose = rows.take(without_id)
        identity = [
            loose.user,
            self._named_identity(loose),
            self._season[loose.item],
            self._episode[loose.item],
            loose.started,
            loose.cents,
        ]
        order = np.lexsort(identity)
        return np.concatenate(
            [
                with_id[_changes([rows.event[with_id]])],
                without_id[order[_changes([part[order] for part in identity])]],
            ]
        )

    def _named_identity(self, rows: Rows) -> Integers:
        """Return the show as the event itself names it: its id, else its normalised name."""
        name = len(self._catalog.shows) + self._spelling_name[rows.spelling]
        return np.where(rows.has_show_id, self._spelling_owner[rows.spelling], name)

    def _resolved(self, rows: Rows) -> Integers:
        """Return the show after a look-up of names that come without an id."""
        named = self._named_identity(rows)
        found = self._catalog.name_show[self._spelling_name[rows.spelling]]
        return np.where(rows.has_show_id | (found < 0), named, found)

    def _add_plays(self, plays: Rows) -> None:
        """Count plays that are sorted by user and start."""
        show = self._resolved(plays)
        is_new_user = _changes([plays.user])
        day = (plays.started - self._scenario.opens) // SECONDS_PER_DAY
        runtime = np.where(show < len(self._catalog.shows), self._runtime[plays.item], -1)
        is_known = runtime >= 0
        self._count("plays", len(plays))
        self._count("valid_plays", plays.cents >= _VALID_PLAY_CENTS)
        self._count("distinct_users", is_new_user)
        self._count("user_days", is_new_user | _changes([day]))
        self._count("watched_cents", int(plays.cents.sum()))
        self._count("plays_with_known_runtime", is_known)
        # minutes / runtime >= 0.9, in whole numbers
        self._count("complete_plays", is_known & (plays.cents >= 90 * runtime))
        self._plays_by_day += np.bincount(day, minlength=len(self._plays_by_day))
        np.add.at(self._show_cents, show, plays.cents)
        np.add.at(self._show_plays, show, 1)
        self._starts = [
            min([*self._starts, int(plays.started.min())]),
            max([*self._starts, int(plays.started.max())]),
        ]
        session: Integers = np.cumsum(_session_starts(plays, is_new_user))
        self._count("sessions", int(session[-1]))
        self._count("binge_sessions", self._binges(session, show, plays))

    def _binges(self, session: Integers, show: Integers, plays: Rows) -> int:
        season, number = self._season[plays.item], self._episode[plays.item]
        episode = np.where(number < 0, -1, season * _EPISODES_PER_SEASON + number)
        order = np.lexsort((episode, show, session))
        session, show, episode = session[order], show[order], episode[order]
        is_new_pair = _changes([session, show])
        pair = np.cumsum(is_new_pair) - 1
        is_new_episode = (is_new_pair | _changes([episode])) & (episode >= 0)
        episodes = np.bincount(pair, weights=is_new_episode)
        # Sums of whole numbers far below 2 ** 53: exact as doubles.
        cents = np.bincount(pair, weights=plays.cents[order])
        is_binge = (episodes >= _BINGE_EPISODES) | ((episodes == 0) & (cents >= _BINGE_CENTS))
        return len(np.unique(session[is_new_pair][is_binge]))

    def _count(self, name: str, number: int | Flags) -> None:
        self._counts[name] += int(np.sum(number))

    def report(self) -> dict[str, Any]:
        """Return the figures, by the names that `definitions` explains."""
        figures: dict[str, Any] = dict(self._counts)
        microseconds = figures.pop("watched_cents") * MICROSECONDS_PER_CENT
        return {
            **figures,
            "rejected_by_reason": _sorted(self._rejected),
            "quarantined_by_reason": _sorted(self._reasons),
            "watched_microseconds": microseconds,
            "hours_viewed": microseconds / _MICROSECONDS_PER_HOUR,
            "distinct_shows": int((self._show_plays > 0).sum()),
            "first_started_at": _utc(self._starts[:1]),
            "last_started_at": _utc(self._starts[1:]),
            "plays_by_day": {
                (self._scenario.start + timedelta(days=day)).isoformat(): number
                for day, number in enumerate(self._plays_by_day.tolist())
                if number
            },
            "top_shows": self._top_shows(),
        }

    def _top_shows(self) -> list[dict[str, Any]]:
        shows, names = self._catalog.shows, self._catalog.names
        codes = self._catalog.spelling_name.tolist()
        # A name's first spelling is the usual one, so it is set last.
        usual = dict(zip(reversed(codes), reversed(self._catalog.spellings), strict=True))
        known = [(show.show_id, show.name) for show in shows]
        unknown = [(None, usual[code]) for code in range(len(names))]
        identities = [*known, *unknown]
        seen = np.flatnonzero(self._show_plays).tolist()
        best = sorted(seen, key=lambda number: (-self._show_cents[number], identities[number][1]))[
            :_TOP_SHOWS
        ]
        return [
            {
                "show_id": identities[number][0],
                "show_name": identities[number][1],
                "play_count": int(self._show_plays[number]),
                "watched_microseconds": int(self._show_cents[number]) * MICROSECONDS_PER_CENT,
                "hours_viewed": int(self._show_cents[number])
                * MICROSECONDS_PER_CENT
                / _MICROSECONDS_PER_HOUR,
            }
            for number in best
        ]


_COUNTS: Final = (
    "records",
    "rejected",
    "landed",
    "quarantined",
    "duplicates",
    "valid",
    "zero_minute_events",
    "late_events",
    "plays",
    "valid_plays",
    "distinct_users",
    "user_days",
    "watched_cents",
    "sessions",
    "binge_sessions",
    "plays_with_known_runtime",
    "complete_plays",
)


def _session_starts(plays: Rows, is_new_user: Flags) -> Flags:
    """Tell which plays, sorted by user and start, begin a session.

    The running latest end within a user is taken over all users at once, by lifting each user's
    times above those of the one before. In fifths of a second every start and end is whole.
    """
    start = (plays.started - int(plays.started.min())) * _FIFTHS_PER_SECOND
    end = start + plays.cents * _FIFTHS_PER_CENT
    lift = (np.cumsum(is_new_user) - 1) * (int(end.max()) + 1)
    latest = np.maximum.accumulate(end + lift) - lift
    is_start: Flags = is_new_user.copy()
    is_start[1:] |= start[1:] - latest[:-1] > _SESSION_GAP_FIFTHS
    return is_start


def _changes(columns: list[Integers]) -> Flags:
    """Tell where any column differs from the row before; the first row always does."""
    is_change = np.zeros(len(columns[0]), dtype=np.bool_)
    is_change[:1] = True
    for column in columns:
        is_change[1:] |= column[1:] != column[:-1]
    return is_change


def _utc(seconds: list[int]) -> str | None:
    """Return the first of the times as ISO 8601; None where there is none."""
    if not seconds:
        return None
    return f"{datetime.fromtimestamp(seconds[0], UTC):%Y-%m-%dT%H:%M:%SZ}"


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
