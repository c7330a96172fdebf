"""What users watch and when: sessions of plays, all of them sound events."""

from typing import Final

import numpy as np

from watchhouse.simulation.catalog import Catalog
from watchhouse.simulation.chance import cumulative, draw
from watchhouse.simulation.choice import choose_items, choose_shows
from watchhouse.simulation.population import COUNTRIES, DEVICES, PROFILES, Population
from watchhouse.simulation.rows import CENTS_PER_MINUTE, SECONDS_PER_DAY, Flags, Integers, Rows
from watchhouse.simulation.scenario import Scenario
from watchhouse.simulation.world import World

_PLAYS_PER_SESSION: Final = np.array([52, 23, 11, 6, 4, 2, 1, 0.5, 0.5])
_WEEKDAYS: Final = np.array([0.90, 0.88, 0.92, 0.97, 1.15, 1.40, 1.35])
_WORKDAY_HOURS: Final = np.array(
    [12, 6, 3, 2, 1, 1, 3, 8, 9, 8, 8, 9, 13, 13, 11, 12, 16, 24, 38, 58, 78, 80, 56, 28]
)
_WEEKEND_HOURS: Final = np.array(
    [20, 12, 6, 3, 2, 1, 2, 5, 12, 20, 27, 30, 34, 38, 42, 44, 46, 50, 56, 68, 80, 82, 66, 40]
)
_SATURDAY: Final = 5
_WEEKDAY_OF_1970: Final = 3  # 1 January 1970 was a Thursday

_SESSION_GAP_SECONDS: Final = 1_800
"""Two plays with exactly this gap stay in one session; one second more parts them."""
_GAP_AT_THE_EDGE: Final = 0.01
_USUAL_GAP_SECONDS: Final = 150

_AT_HOME: Final = 0.98
_WITH_ZONE: Final = 0.8
_RESUMED: Final = 0.2
_SKIPPED: Final = 0.1
_POSITIONS_TOLD: Final = 0.7
_DEVICE_UNTOLD: Final = 0.02
_OTHER_DEVICE: Final = 0.15

_ZERO, _QUIT_EARLY, _PARTIAL, _WHOLE = range(4)
_ENDINGS: Final = np.array([0.01, 0.13, 0.22, 0.64])
_ENDINGS_BEFORE_ANOTHER: Final = np.array([0.004, 0.05, 0.09, 0.856])


def watch(
    rng: np.random.Generator,
    world: World,
    people: Population,
    plays: int,
) -> Rows:
    """Return exactly `plays` events of the people, by session, in the order watched."""
    scenario, catalog = world.scenario, world.catalog
    session, place, is_last = _sessions(rng, plays)
    sessions = int(session[-1]) + 1
    user = draw(rng, cumulative(people.activity), sessions)
    opened = _openings(rng, scenario, people.hours_ahead[user])
    show = choose_shows(rng, world.popularity, people.favourites[user], session, place)
    item = choose_items(rng, world, show, by=(user[session], opened[session]))
    lengths = catalog.lengths[item]
    cents, gap = _durations(rng, lengths, is_last)
    # A start is a whole second: the next play begins at the first one after the end.
    elapsed = (cents * 3 + 4) // 5 + gap
    before = np.cumsum(elapsed) - elapsed
    started = opened[session] + before - before[place == 0][session]
    position_start, position_end = _positions(rng, lengths, cents)
    home = people.country[user[session]]
    count = len(home)
    return Rows(
        user=user[session],
        event=np.arange(count),
        item=item,
        spelling=_spellings(rng, scenario, catalog, show),
        started=started,
        cents=cents,
        position_start=position_start,
        position_end=position_end,
        device=_devices(rng, people.device[user], session),
        country=np.where(
            rng.random(count) < _AT_HOME, home, rng.integers(0, len(COUNTRIES), count)
        ),
        profile=rng.integers(-1, len(PROFILES), sessions)[session],
        arrived=started,
        reasons=np.zeros(count, dtype=np.int64),
        fault=np.zeros(count, dtype=np.int64),
        has_show_id=(rng.random(count) < scenario.rates.with_show_id) & catalog.has_id[show],
        has_zone=rng.random(count) < _WITH_ZONE,
    )


def _sessions(rng: np.random.Generator, plays: int) -> tuple[Integers, Integers, Flags]:
    """Return each play's session, its place in it from 0, and whether it is the last one."""
    lengths = draw(rng, cumulative(_PLAYS_PER_SESSION), plays) + 1
    ends = np.cumsum(lengths)
    sessions = int(np.searchsorted(ends, plays)) + 1
    lengths, ends = lengths[:sessions], ends[:sessions]
    lengths[-1] -= ends[-1] - plays
    session = np.repeat(np.arange(sessions), lengths)
    place = np.arange(plays) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return session, place, place == lengths[session] - 1


def _openings(rng: np.random.Generator, scenario: Scenario, hours_ahead: Integers) -> Integers:
    """Return when each session begins: evenings and weekends of where the user lives."""
    count = len(hours_ahead)
    first_day = scenario.opens // SECONDS_PER_DAY
    weekdays = (first_day + np.arange(scenario.days) + _WEEKDAY_OF_1970) % len(_WEEKDAYS)
    day = draw(rng, cumulative(_WEEKDAYS[weekdays]), count)
    hour = np.where(
        weekdays[day] >= _SATURDAY,
        draw(rng, cumulative(_WEEKEND_HOURS), count),
        draw(rng, cumulative(_WORKDAY_HOURS), count),
    )
    second = hour * 3600 + rng.integers(0, 3600, count) - hours_ahead * 3600
    within = (day * SECONDS_PER_DAY + second) % (scenario.days * SECONDS_PER_DAY)
    return scenario.opens + within


def _durations(
    rng: np.random.Generator, lengths: Integers, is_last: Flags
) -> tuple[Integers, Integers]:
    """Return watched hundredths of a minute, and the seconds until the next play begins."""
    count = len(lengths)
    ending = np.where(
        is_last,
        draw(rng, cumulative(_ENDINGS), count),
        draw(rng, cumulative(_ENDINGS_BEFORE_ANOTHER), count),
    )
    watched = np.select(
        [ending == _QUIT_EARLY, ending == _PARTIAL, ending == _WHOLE],
        [
            np.minimum(rng.exponential(0.05, count), 0.4),
            rng.uniform(0.1, 0.92, count),
            rng.uniform(0.91, 1.03, count),
        ],
    )
    full = lengths * CENTS_PER_MINUTE
    cents = np.maximum(np.rint(watched * full), ending != _ZERO).astype(np.int64)
    gap = np.minimum(rng.exponential(_USUAL_GAP_SECONDS, count), 1_700).astype(np.int64)
    at_edge = (rng.random(count) < _GAP_AT_THE_EDGE) & ~is_last
    gap = np.where(at_edge, _SESSION_GAP_SECONDS + rng.integers(0, 2, count), gap)
    # Five hundredths of a minute are three whole seconds, so that the gap is exact.
    cents = np.where(at_edge, cents // 5 * 5, cents)
    return off_threshold(cents, full), gap


def off_threshold(cents: Integers, full: Integers) -> Integers:
    """Return durations of which none is exactly 90 % of the runtime.

    There the answer would hang on how a program rounds its fractions, which is not the
    simulator's to decide.
    """
    shifted: Integers = cents + 5 * (cents * 10 == full * 9)
    return shifted


def _positions(
    rng: np.random.Generator, lengths: Integers, cents: Integers
) -> tuple[Integers, Integers]:
    """Return where in the item a play began and ended, in seconds; some players do not tell."""
    count = len(lengths)
    seconds = cents * 3 // 5
    room = np.maximum(lengths * 60 - seconds, 0)
    resumed = rng.random(count) < _RESUMED
    start = np.where(resumed, (rng.random(count) * room).astype(np.int64), 0)
    skipped = np.where(rng.random(count) < _SKIPPED, rng.integers(10, 600, count), 0)
    is_told = rng.random(count) < _POSITIONS_TOLD
    return np.where(is_told, start, -1), np.where(is_told, start + seconds + skipped, -1)


def _spellings(
    rng: np.random.Generator, scenario: Scenario, catalog: Catalog, show: Integers
) -> Integers:
    other = rng.integers(0, catalog.spelling_count[show])
    is_respelled = rng.random(len(show)) < scenario.rates.respelled
    return catalog.first_spelling[show] + np.where(is_respelled, other, 0)


def _devices(rng: np.random.Generator, usual: Integers, session: Integers) -> Integers:
    count = len(session)
    chance = rng.random(count)
    other = rng.integers(0, len(DEVICES), count)
    return np.select(
        [chance < _DEVICE_UNTOLD, chance < _OTHER_DEVICE],
        [np.full(count, -1), other],
        usual[session],
    )
