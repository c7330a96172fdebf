"""Events one by one are the events of the files."""

from pathlib import Path

import pytest

from watchhouse.errors import UsageError
from watchhouse.simulation.feed import messages
from watchhouse.simulation.scenario import Scenario
from watchhouse.simulation.truth import Truth
from watchhouse.simulation.world import make_world
from watchhouse.simulation.writing import simulate

SMALL = Scenario(events=2_000, users=50, days=7, files=2, file_format="ndjson", seed=5)


def test_messages_are_the_lines_of_the_files_in_order_of_arrival(tmp_path: Path) -> None:
    world = make_world(SMALL)
    truth = Truth(SMALL, world.catalog)
    sent = list(messages(world, truth))

    written = simulate(SMALL, tmp_path)

    paths = sorted(tmp_path.glob("events-*.ndjson"))
    lines = [line for path in paths for line in path.read_bytes().splitlines()]
    assert [message.value for message in sent] == lines
    assert truth.report().items() <= written.items()
    arrivals = [message.arrived_at for message in sent]
    assert arrivals == sorted(arrivals)


def test_user_is_the_one_that_the_message_names() -> None:
    world = make_world(SMALL)
    for message in messages(world, Truth(SMALL, world.catalog)):
        # A record that arrives as a list or with broken text still came from somebody.
        if message.user_id is not None and message.value.startswith(b'{"user_id":"user'):
            assert f'"{message.user_id}"'.encode() in message.value


def test_more_than_one_chunk_is_refused() -> None:
    world = make_world(Scenario(events=300_000, users=1_000))
    with pytest.raises(UsageError, match="too many to send in order"):
        next(messages(world, Truth(world.scenario, world.catalog)))
