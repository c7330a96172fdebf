"""The events of a small population one by one, in order of arrival, as a producer sends them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from watchhouse.errors import UsageError
from watchhouse.simulation.generation import generate
from watchhouse.simulation.population import user_name
from watchhouse.simulation.rendering import Renderer
from watchhouse.simulation.truth import Truth
from watchhouse.simulation.world import World


@dataclass(frozen=True)
class Message:
    """One event on its way: JSON text in UTF-8 without a line end, unless it is malformed.

    `user_id` is None where the event names nobody.
    """

    arrived_at: datetime
    user_id: str | None
    value: bytes


def messages(world: World, truth: Truth) -> Iterator[Message]:
    """Yield the events of the world's scenario in order of arrival, and count them in `truth`.

    The events are those that the same scenario has as NDJSON files; all of them are in memory.

    Raises:
        UsageError: when there are more events or users than one chunk holds.

    """
    scenario = replace(world.scenario, file_format="ndjson")
    if scenario.chunks > 1:
        message = (
            f"{scenario.events} events of {scenario.users} users are too many to send in order of "
            "arrival: give fewer --events or --users"
        )
        raise UsageError(message)
    (chunk,) = generate(replace(world, scenario=scenario))
    lines = Renderer(scenario, world.catalog).render(chunk.people, chunk.rows)
    truth.add(chunk.rows)
    arrivals = zip(chunk.rows.arrived.tolist(), chunk.rows.user.tolist(), strict=True)
    for number, (arrived, user) in enumerate(arrivals):
        yield Message(
            arrived_at=datetime.fromtimestamp(arrived, UTC),
            user_id=user_name(chunk.people.first + user) if user >= 0 else None,
            value=bytes(lines.between(number, number + 1)).removesuffix(b"\n"),
        )
