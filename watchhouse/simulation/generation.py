"""Makes the events of a scenario, one group of users at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from watchhouse.simulation.fault import break_records, delay, invalidate, repeat
from watchhouse.simulation.population import Population, populate
from watchhouse.simulation.rows import Integers, Rows, concatenate
from watchhouse.simulation.viewing import watch
from watchhouse.simulation.world import World

_LONGEST_RETRY_SECONDS: Final = 7_200
_LATE_REPEAT: Final = 0.3


@dataclass(frozen=True)
class Chunk:
    """Some of the users and every event of theirs, in order of arrival."""

    people: Population
    rows: Rows


def generate(world: World) -> Iterator[Chunk]:
    """Yield the scenario's users and events in chunks of bounded size.

    No user and no event id is in two chunks, so duplicates, sessions and users can be counted
    chunk by chunk. Equal scenarios yield equal chunks.
    """
    for chunk in range(world.scenario.chunks):
        people = populate(world, chunk)
        yield Chunk(people, _events(world, people, chunk))


def _events(world: World, people: Population, chunk: int) -> Rows:
    scenario = world.scenario
    rng = np.random.default_rng([scenario.seed, 2, chunk])
    rates = scenario.rates
    numbers = scenario.share(scenario.events, chunk)
    total = len(numbers)
    if total == 0:
        return watch(rng, world, people, 1).take(np.arange(0))
    wanted = rng.binomial(
        total, [rates.redelivered, rates.repeated_without_id, rates.corrected]
    ).astype(np.int64)
    plays = watch(rng, world, people, total)
    has_id = rng.random(total) >= rates.without_event_id
    plays = replace(
        plays, event=np.where(has_id, _numbered_by_time(plays.started, numbers.start), -1)
    )
    plays = break_records(rng, scenario, plays, int(rng.binomial(total, rates.malformed)))
    plays = delay(rng, scenario, invalidate(rng, plays, rates.invalid), rates.late)
    # What repeats cannot fill, as nothing suitable was there, remains with plays of its own.
    first = plays.take(np.arange(max(total - int(wanted.sum()), 1)))
    again = repeat(rng, world.catalog, first, wanted)
    again = again.take(np.arange(min(len(again), total - len(first))))
    retried = again.arrived + rng.integers(0, _LONGEST_RETRY_SECONDS, len(again))
    again = delay(rng, scenario, replace(again, arrived=retried), _LATE_REPEAT)
    rest = plays.take(np.arange(len(first), total - len(again)))
    rows = concatenate([first, again, rest])
    return rows.take(np.argsort(rows.arrived, kind="stable"))


def _numbered_by_time(started: Integers, first: int) -> Integers:
    """Return numbers from `first` on that rise with time."""
    event = np.empty(len(started), dtype=np.int64)
    event[np.argsort(started, kind="stable")] = np.arange(first, first + len(started))
    return event
