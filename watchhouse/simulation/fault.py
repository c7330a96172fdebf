"""What goes wrong on the way: invalid values, repeats, corrections, late and broken records."""

from dataclasses import replace
from typing import Final

import numpy as np

from watchhouse.simulation.catalog import Catalog
from watchhouse.simulation.rows import (
    CENTS_PER_MINUTE,
    SECONDS_PER_DAY,
    Fault,
    Flags,
    Integers,
    Reason,
    Rows,
    concatenate,
)
from watchhouse.simulation.scenario import Scenario
from watchhouse.simulation.viewing import off_threshold

_FAR_FUTURE: Final = 32_472_230_400  # 2999-01-02: in the future whatever the clock says
_TOO_EARLY: Final = 631_152_000  # 1990-01-01
_LONGEST_CENTS: Final = 1_440 * CENTS_PER_MINUTE
_LONGEST_CORRECTION_CENTS: Final = 3_000
_SECOND_REASON: Final = 0.1
_SHORTER_CORRECTION: Final = 0.2
_HALF: Final = 0.5
_RESPELLED: Final = 0.4
_ANOTHER_EVENT: Final = 0.2
_ANOTHER_CENTS: Final = 7

_FIELDS: Final = (
    Reason.MISSING_USER_ID,
    Reason.MISSING_SHOW_NAME,
    Reason.MISSING_WATCH_DATE
    | Reason.UNPARSEABLE_WATCH_DATE
    | Reason.WATCH_DATE_IN_FUTURE
    | Reason.WATCH_DATE_TOO_EARLY,
    Reason.MISSING_WATCH_DURATION
    | Reason.UNPARSEABLE_WATCH_DURATION
    | Reason.NEGATIVE_WATCH_DURATION
    | Reason.WATCH_DURATION_TOO_LONG,
    Reason.POSITIONS_OUT_OF_ORDER,
)
"""The field that each reason is about: a row has at most one reason for each."""

_FAULTS: Final = {
    "csv": (Fault.COLUMN_COUNT, Fault.INVALID_QUOTING, Fault.INVALID_UTF8),
    "ndjson": (Fault.INVALID_JSON, Fault.NOT_AN_OBJECT, Fault.INVALID_UTF8),
}


def file_of_day(scenario: Scenario, day: Integers) -> Integers:
    """Return which file, from 0, holds a day, counted from the first one of the scenario."""
    within = np.clip(day, 0, scenario.days - 1)
    return within * scenario.files // scenario.days


def file_of_time(scenario: Scenario, seconds: Integers) -> Integers:
    """Return which file, from 0, holds what happens at a time in seconds since 1970."""
    return file_of_day(scenario, (seconds - scenario.opens) // SECONDS_PER_DAY)


def break_records(rng: np.random.Generator, scenario: Scenario, rows: Rows, count: int) -> Rows:
    """Mark `count` of the rows as records that no loader can split."""
    fault = rows.fault.copy()
    kinds = np.array(_FAULTS[scenario.file_format])
    fault[_some(rng, len(rows), count)] = kinds[rng.integers(0, len(kinds), count)]
    return replace(rows, fault=fault)


def invalidate(rng: np.random.Generator, rows: Rows, chance: float) -> Rows:
    """Give a share of the rows values that break a rule; some break two."""
    count = len(rows)
    codes = np.array(list(Reason))
    field = np.array([next(n for n, f in enumerate(_FIELDS) if code in f) for code in Reason])
    first, second = rng.integers(0, len(codes), (2, count))
    has_second = (rng.random(count) < _SECOND_REASON) & (field[first] != field[second])
    reasons = np.where(has_second, codes[first] | codes[second], codes[first])
    reasons = np.where((rng.random(count) < chance) & (rows.fault == 0), reasons, 0)

    def has(reason: Reason) -> Flags:
        return (reasons & reason) > 0

    out_of_order = has(Reason.POSITIONS_OUT_OF_ORDER)
    end = np.where(out_of_order, rng.integers(0, 3_000, count), rows.position_end)
    nameless = has(Reason.MISSING_SHOW_NAME)
    return replace(
        rows,
        reasons=reasons,
        user=np.where(has(Reason.MISSING_USER_ID), -1, rows.user),
        spelling=np.where(nameless, -1, rows.spelling),
        has_show_id=rows.has_show_id & ~nameless,
        started=np.select(
            [has(Reason.WATCH_DATE_IN_FUTURE), has(Reason.WATCH_DATE_TOO_EARLY)],
            [
                _FAR_FUTURE + rng.integers(0, 300 * SECONDS_PER_DAY, count),
                _TOO_EARLY - rng.integers(1, 10_000 * SECONDS_PER_DAY, count),
            ],
            rows.started,
        ),
        cents=np.select(
            [has(Reason.NEGATIVE_WATCH_DURATION), has(Reason.WATCH_DURATION_TOO_LONG)],
            [
                -rng.integers(1, 10_000, count),
                _LONGEST_CENTS + rng.integers(1, 1_000_000, count),
            ],
            rows.cents,
        ),
        position_start=np.where(
            out_of_order, end + rng.integers(1, 3_000, count), rows.position_start
        ),
        position_end=end,
    )


def repeat(rng: np.random.Generator, catalog: Catalog, rows: Rows, counts: Integers) -> Rows:
    """Return further rows that tell again of events among `rows`.

    `counts` is how many are redelivered under the same event id, repeated without one, and
    corrected: the same event id with another duration, mostly a longer one.
    """
    is_sound = rows.fault == 0
    has_id = rows.event >= 0
    with_id = np.flatnonzero(is_sound & has_id)
    without_id = np.flatnonzero(is_sound & ~has_id)
    valid_with_id = np.flatnonzero(is_sound & has_id & (rows.reasons == 0))
    pools = (with_id, without_id, valid_with_id)
    redelivered, repeated, corrected = (
        rows.take(pool[rng.integers(0, max(len(pool), 1), count if len(pool) else 0)])
        for pool, count in zip(pools, counts.tolist(), strict=True)
    )
    return concatenate(
        [
            replace(redelivered, has_zone=rng.random(len(redelivered)) < _HALF),
            _retell(rng, catalog, repeated),
            _correct(rng, catalog, corrected),
        ]
    )


def delay(rng: np.random.Generator, scenario: Scenario, rows: Rows, chance: float) -> Rows:
    """Let a share of the rows arrive in a later file than that of their day."""
    own = file_of_time(scenario, rows.arrived)
    # The first day of file f is the least d with d * files // days >= f.
    next_file = -(-(own + 1) * scenario.days // scenario.files) * SECONDS_PER_DAY + scenario.opens
    end = scenario.opens + scenario.days * SECONDS_PER_DAY
    is_late = (rng.random(len(rows)) < chance) & (next_file < end)
    room = np.maximum(end - next_file, 1)
    later = next_file + (rng.random(len(rows)) ** 2 * room).astype(np.int64)
    return replace(rows, arrived=np.where(is_late, later, rows.arrived))


def _retell(rng: np.random.Generator, catalog: Catalog, rows: Rows) -> Rows:
    """Write some in another way that means the same, and make some tell of another event.

    The latter differ in just one of the values that identify an event without an id, so they are
    no repeats, however alike they look.
    """
    count = len(rows)
    base = np.maximum(rows.spelling, 0)
    follower = np.minimum(base + 1, len(catalog.spellings) - 1)
    is_same = catalog.spelling_name[base] == catalog.spelling_name[follower]
    moves = is_same & (rows.spelling >= 0) & (rng.random(count) < _RESPELLED)
    differs = (rng.random(count) < _ANOTHER_EVENT) & (rows.reasons == 0)
    another_duration, another_start, no_episode, another_season, no_show_id = range(5)
    way = np.where(differs, rng.integers(0, 5, count), -1)
    show = catalog.item_show[rows.item]
    first, episodes = catalog.first_item[show], catalog.item_count[show]
    season = first + (rows.item - first + catalog.season_length[show]) % episodes
    cents = off_threshold(
        rows.cents + _ANOTHER_CENTS, catalog.lengths[rows.item] * CENTS_PER_MINUTE
    )
    return replace(
        rows,
        spelling=np.where(moves, follower, rows.spelling),
        has_zone=rng.random(count) < _HALF,
        cents=np.where(way == another_duration, cents, rows.cents),
        started=np.where(way == another_start, rows.started + 1, rows.started),
        item=np.select(
            [way == no_episode, way == another_season],
            [catalog.bare_item[show], season],
            rows.item,
        ),
        has_show_id=rows.has_show_id & (way != no_show_id),
    )


def _correct(rng: np.random.Generator, catalog: Catalog, rows: Rows) -> Rows:
    count = len(rows)
    longer = rows.cents + rng.integers(1, _LONGEST_CORRECTION_CENTS, count)
    shorter = (rows.cents * rng.random(count)).astype(np.int64)
    cents = np.where(rng.random(count) < _SHORTER_CORRECTION, shorter, longer)
    cents = off_threshold(cents, catalog.lengths[rows.item] * CENTS_PER_MINUTE)
    end = rows.position_start + cents * 3 // 5
    return replace(rows, cents=cents, position_end=np.where(rows.position_start >= 0, end, -1))


def _some(rng: np.random.Generator, of: int, count: int) -> Integers:
    """Return `count` different positions below `of`."""
    return rng.permutation(of)[:count]
