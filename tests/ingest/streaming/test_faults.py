"""A producer that does not pause, and everything else killed at random: once is once."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from tests.brokers.servers import Broker, find_broker
from tests.ingest.streaming.conftest import Streams, event, eventually
from watchhouse.layout import Home
from watchhouse.releases import open_current

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

PARTITIONS = 3


@pytest.fixture
def own_streams(
    tmp_path: Path,
    lake: "Lake",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Streams]:
    """Return streams on a broker that may be killed."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = find_broker(folder)
    broker.start()
    monkeypatch.setenv("WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS", broker.servers)
    monkeypatch.setenv("WATCHHOUSE_KAFKA_SESSION_TIMEOUT", "6")
    streams = Streams(broker, lake, "faults", capsys, caplog)
    yield streams
    for loader in streams.loaders:
        if loader.poll() is None:
            loader.kill()
        loader.communicate()
    broker.kill()


@dataclass
class Producer:
    """Sends numbered events without pause, and remembers those that were acknowledged."""

    broker: Broker
    topic: str
    rate: int
    stop: threading.Event = field(default_factory=threading.Event)
    acknowledged: set[int] = field(default_factory=set)
    number: int = 0

    def run(self) -> None:
        producer = KafkaProducer(bootstrap_servers=self.broker.servers, linger_ms=5)
        with closing(producer):
            while not self.stop.wait(0.02):
                for _ in range(self.rate // 50):
                    number = self.number
                    self.number += 1
                    future: Any = producer.send(
                        self.topic, event(number), key=b"u%d" % (number % 97)
                    )
                    future.add_callback(lambda _, n=number: self.acknowledged.add(n))
            producer.flush(timeout=60)


def suffer(streams: Streams, *, kills: int, seed: int, with_builder: bool) -> set[int]:
    """Kill loaders, builder and broker so often; return the events that were acknowledged."""
    chance = random.Random(seed)  # noqa: S311 - what is killed when is no secret
    topic = streams.topic(partitions=PARTITIONS)
    producer = Producer(streams.broker, topic, rate=1000)
    thread = threading.Thread(target=producer.run)
    thread.start()
    build = [sys.executable, "-m", "watchhouse", "build"]
    builders: list[subprocess.Popen[bytes]] = []
    may_kill_broker = streams.broker.is_ours and streams.broker.is_real
    try:
        loaders = [
            streams.loader(topic, WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID=f"one-{index}")
            for index in range(2)
        ]
        for _ in range(kills):
            time.sleep(chance.uniform(0.2, 1.5))
            victim = chance.random()
            if victim < 0.15 and may_kill_broker:
                streams.broker.kill()
                time.sleep(chance.uniform(0.0, 1.0))
                streams.broker.start()
            elif victim < 0.3 and with_builder:
                if builders and builders[-1].poll() is None:
                    builders[-1].kill()
                builders.append(subprocess.Popen(build, stderr=subprocess.DEVNULL))
            else:
                index = chance.randrange(len(loaders))
                if chance.random() < 0.8:
                    loaders[index].kill()
                else:
                    loaders[index].terminate()
                # The broker from pip never gives up on a member without a name.
                is_named = not streams.broker.is_real or chance.random() < 0.7
                name = f"one-{index}" if is_named else ""
                loaders[index] = streams.loader(topic, WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID=name)
    finally:
        producer.stop.set()
        thread.join(90)
        for builder in builders:
            builder.kill()
            builder.wait()
    assert not thread.is_alive(), "the producer hangs"

    def all_there() -> bool:
        return len(streams.landed()) >= len(producer.acknowledged)

    eventually(all_there, "what was acknowledged is in the lake", seconds=120)
    for loader in loaders:
        loader.terminate()
    for loader in loaders:
        loader.wait(60)
    return producer.acknowledged


def check(streams: Streams, acknowledged: set[int]) -> None:
    """Compare the lake, then the marts, with what was acknowledged."""
    assert acknowledged
    wanted = {f"e{number}" for number in acknowledged}
    landed = streams.landed()
    assert wanted <= set(landed), "an acknowledged event is lost"
    positions = streams.lake.rows("source_uri, source_position")
    assert len(positions) == len(set(positions)), "an offset is in the lake twice"
    for uri in {uri for uri, _ in positions}:
        offsets = [position for at, position in positions if at == uri]
        assert offsets == list(range(len(offsets))), "offsets are missing"
    command = [sys.executable, "-m", "watchhouse", "build", "--json"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    with open_current(Home(streams.lake.home)) as release:
        query = "select count(*), count(distinct play_id) from marts.fct_plays"
        rows = release.cursor().execute(query).fetchall()
    assert rows == [(len(landed), len(landed))], "a play for each event, once"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_sixty_kills(own_streams: Streams, seed: int) -> None:
    check(own_streams, suffer(own_streams, kills=60, seed=seed, with_builder=True))


def test_a_few_kills(own_streams: Streams) -> None:
    check(own_streams, suffer(own_streams, kills=6, seed=7, with_builder=False))


def test_the_broker_goes_and_comes_back(own_streams: Streams) -> None:
    streams = own_streams
    if not streams.broker.is_ours:
        pytest.skip("the broker is not ours to kill")
    topic = streams.topic()
    loader = streams.loader(topic)
    streams.send(topic, [event(n) for n in range(10)])
    eventually(lambda: streams.landed().total() >= 10, "before")
    time.sleep(0 if streams.broker.is_real else 2)  # The one from pip saves now and then.
    streams.broker.kill()
    assert loader.stderr is not None
    for line in loader.stderr:
        if "no broker answers" in line:
            break
    streams.broker.start()
    streams.send(topic, [event(n) for n in range(10, 20)])
    eventually(lambda: streams.landed().total() >= 20, "after")
    code, printed, said = streams.stop(loader)
    assert (code, json.loads(printed)["landed"]) == (0, 20)
    assert "the broker answers again" in said
    assert "no broker answers" not in said, "once is enough"
