"""A real broker, topics of one test each, and loaders in this process and in others."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from tests.api.conftest import home, serve  # noqa: F401 - fixtures
from tests.brokers.servers import Broker, find_broker
from tests.ingest.conftest import Lake
from watchhouse.cli import main

DEADLINE = 180.0
Message = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]


def eventually(holds: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)


def event(number: int, **more: Any) -> bytes:
    """Return a watch event that bears its number."""
    values = {
        "event_id": f"e{number}",
        "user_id": f"u{number % 97}",
        "show_name": f"Show {number % 7}",
        "watch_date": "2026-11-01T10:00:00Z",
        "watch_duration_minutes": 1 + number % 90,
    }
    return json.dumps({**values, **more}).encode()


@dataclass
class Streams:
    """Topics at a broker and a lake to land them in."""

    broker: Broker
    lake: Lake
    prefix: str
    capsys: pytest.CaptureFixture[str]
    caplog: pytest.LogCaptureFixture
    loaders: list["subprocess.Popen[str]"] = field(default_factory=list)

    def admin(self) -> KafkaAdminClient:
        return KafkaAdminClient(bootstrap_servers=self.broker.servers)

    def topic(self, name: str = "events", partitions: int = 1) -> str:
        """Make a topic of this test."""
        own = f"{self.prefix}-{name}"
        with closing(self.admin()) as admin:
            admin.create_topics([NewTopic(own, partitions, 1)])
        return own

    def send(
        self,
        topic: str,
        values: Sequence[bytes | None],
        *,
        keys: Sequence[bytes | None] | None = None,
        headers: Sequence[tuple[str, bytes]] | None = None,
        compression: str | None = None,
    ) -> None:
        """Send messages and wait for their acknowledgement."""
        producer = KafkaProducer(
            bootstrap_servers=self.broker.servers,
            compression_type=compression,
            linger_ms=5,
            allow_auto_create_topics=False,
        )
        with closing(producer):
            futures = [
                producer.send(
                    topic, value, key=None if keys is None else keys[i], headers=list(headers or [])
                )
                for i, value in enumerate(values)
            ]
            producer.flush()
            for future in futures:
                future.get(timeout=DEADLINE)

    def stream(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        """Land what there is, in this process; return code, summary and what was said."""
        self.capsys.readouterr()
        self.caplog.clear()
        self.caplog.set_level("INFO", "watchhouse")
        topics = [part for text in arguments for part in ("--topic", text)]
        code = main(["stream", "--until-idle", "--json", *topics])
        printed = self.capsys.readouterr().out
        said = [r.message for r in self.caplog.records if r.name.startswith("watchhouse")]
        return code, json.loads(printed) if printed else {}, "\n".join(said)

    def loader(
        self, *topics: str, options: Sequence[str] = (), **settings: str
    ) -> "subprocess.Popen[str]":
        """Start a loader as a process of its own."""
        command = [sys.executable, "-m", "watchhouse", "stream", "--json", *options]
        loader = subprocess.Popen(
            [*command, *(part for text in topics for part in ("--topic", text))],
            env={**os.environ, **settings, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.loaders.append(loader)
        return loader

    def stop(self, loader: "subprocess.Popen[str]") -> tuple[int, str, str]:
        """Ask a loader to leave; return its code, output and messages."""
        loader.send_signal(signal.SIGTERM)
        printed, said = loader.communicate(timeout=DEADLINE)
        return loader.returncode, printed, said

    def landed(self, topic: str = "") -> Counter[str]:
        """Return how often each event is in the lake."""
        paths = [
            str(self.lake.home / file["path"])
            for entry in self.lake.entries()
            for file in entry["files"]
            if topic in entry["source_uri"]
        ]
        if not paths:
            return Counter()
        query = "select event_id, count(*) from read_parquet(?) group by event_id"
        return Counter(dict(duckdb.execute(query, [paths]).fetchall()))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    found = find_broker(tmp_path_factory.mktemp("broker"))
    found.start()
    yield found
    found.kill()


@pytest.fixture
def streams(
    broker: Broker,
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Streams]:
    prefix = f"t{uuid.uuid4().hex[:10]}"
    monkeypatch.setenv("WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS", broker.servers)
    monkeypatch.setenv("WATCHHOUSE_KAFKA_GROUP", prefix)
    monkeypatch.setenv("WATCHHOUSE_KAFKA_SESSION_TIMEOUT", "6")
    made = Streams(broker, lake, prefix, capsys, caplog)
    yield made
    for loader in made.loaders:
        if loader.poll() is None:
            loader.kill()
        loader.communicate()
