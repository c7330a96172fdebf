"""How soon an event that was produced can be seen: in the live tail, and in a published mart.

    python -m benchmarks freshness

A home with so much history is built once and kept. Then `watchhouse run` works in a process of
its own while this one sends numbered events at a steady rate to a broker. One reader asks the live
tail, as a kept `Live`, another the current release. An age is that of the oldest event that an
answer does not yet have, taken at every answer: the worst that a reader sees, not the mean.
Ages count from the second release of the run: its first core build is done by dbt, once, and takes
seconds longer than those that repeat it (docs/decisions/0038).
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from benchmarks.measuring import OURS, WORK
from benchmarks.measuring import measure as run_once
from tests.brokers.servers import find_broker
from watchhouse.errors import WatchhouseError
from watchhouse.layout import Home
from watchhouse.live import Live
from watchhouse.releases import open_current
from watchhouse.settings import Settings
from watchhouse.warehouse import Warehouse

FOLDER: Final = WORK / "freshness"
TOPIC: Final = "watch-events"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("freshness")
    group.add_argument(
        "--freshness-histories", default="1,10", metavar="LIST", help="millions of events"
    )
    group.add_argument("--freshness-rate", type=int, default=1000, metavar="N", help="a second")
    group.add_argument("--freshness-seconds", type=float, default=90, metavar="N")


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return Markdown."""
    releases_in = f"releases in {arguments.freshness_seconds:g} s"
    lines = [
        f"| history | events/s | tail p50 | tail p99 | mart p50 | mart p99 | {releases_in} |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for size in arguments.freshness_histories.split(","):
        home = with_history(float(size))
        tail, mart, releases = measure(
            home, rate=arguments.freshness_rate, seconds=arguments.freshness_seconds
        )
        cells = [f"{p:.2f} s" for ages in (tail, mart) for p in percentiles(ages)]
        lines.append(
            f"| {size} million | {arguments.freshness_rate:,} | {' | '.join(cells)} | {releases} |"
        )
    return "\n".join(lines)


def percentiles(ages: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    return statistics.median(ages), statistics.quantiles(ages, n=100)[98]


def with_history(millions: float) -> Path:
    """Return a fresh copy of a home that holds so many published events."""
    kept = FOLDER / f"history-{millions:g}m"
    if not (kept / "current").exists():
        shutil.rmtree(kept, ignore_errors=True)
        events = int(millions * 1_000_000)
        source = FOLDER / f"input-{millions:g}m"
        run_once([*OURS, "simulate", "--events", str(events), "--days", "60", "--out", str(source)])
        files = [str(path) for path in sorted(source.glob("events-*.csv"))]
        run_once([*OURS, "ingest", *files], environment={"WATCHHOUSE_HOME": str(kept)})
        Warehouse(Settings(home=kept)).build()
    # A copy of links would share what builds change.
    home = FOLDER / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(kept, home, symlinks=True)
    Warehouse(Settings(home=home)).build()
    return home


def measure(home: Path, *, rate: int, seconds: float) -> tuple[list[float], list[float], int]:
    """Return ages in seconds as the tail and the release show them, and releases made."""
    broker = find_broker(Path(tempfile.mkdtemp()))
    broker.start()
    try:
        with closing(KafkaAdminClient(bootstrap_servers=broker.servers)) as admin:
            admin.create_topics([NewTopic(TOPIC, 2, 1)])
        sender = Sender(broker.servers, rate)
        layout = Home(home.absolute())
        _KNOWN.clear()  # Another home has numbered its releases alike.
        live = Live(layout)
        with running(home, broker.servers):
            start = release_id(layout)
            sender.start()
            while (first := release_id(layout)) < start + 2:
                time.sleep(0.1)
            tail = Ages(sender, lambda: newest_in_tail(live, layout))
            mart = Ages(sender, lambda: newest_in_release(layout))
            time.sleep(seconds)
            for ages in (tail, mart):
                ages.stop()
            releases = release_id(layout) - first
            sender.stop()
        live.close()
    finally:
        broker.kill()
    return tail.found, mart.found, releases


class Sender(threading.Thread):
    """Sends numbered events; the time of each is its number, in seconds of one far day."""

    def __init__(self, servers: str, rate: int) -> None:
        """Send nothing yet."""
        super().__init__(daemon=True)
        self._producer = KafkaProducer(bootstrap_servers=servers, linger_ms=5)
        self._rate = rate
        self._done = threading.Event()
        self.began = 0.0

    def run(self) -> None:
        """Send at a steady rate; what is late is sent at once."""
        self.began = time.monotonic()
        number = 0
        day = datetime(2026, 11, 20, tzinfo=UTC)
        while not self._done.wait(0.01):
            while number < (time.monotonic() - self.began) * self._rate:
                at = day + timedelta(milliseconds=number)
                event = {
                    "event_id": f"fresh-{number}",
                    "user_id": f"u{number % 20_000}",
                    "show_name": f"Show {number % 200}",
                    "watch_date": at.isoformat(),
                    "watch_duration_minutes": 1,
                }
                self._producer.send(TOPIC, json.dumps(event).encode())
                number += 1

    def age(self, seen: int) -> float:
        """Return for how many seconds the event after the newest `seen` has waited."""
        return max(0.0, time.monotonic() - self.began - seen / self._rate)

    def stop(self) -> None:
        """Send no more."""
        self._done.set()
        self.join()
        self._producer.close()


class Ages:
    """Asks again and again, and notes how old the newest event is that the answer lacks."""

    def __init__(self, sender: Sender, seen: Callable[[], int]) -> None:
        """Begin to ask."""
        self._sender = sender
        self._seen = seen
        self._done = threading.Event()
        self.found: list[float] = []
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        while not self._done.wait(0.1):
            seen = self._seen()
            # Until the first event is there, the age says how the loader started.
            if seen:
                self.found.append(self._sender.age(seen))

    def stop(self) -> None:
        """Ask no more."""
        self._done.set()
        self._thread.join()


def newest_in_tail(live: Live, home: Home) -> int:
    """Return how many of the sent events are in the tail or the release."""
    try:
        tail = live.read(now=datetime.now(UTC))
    except WatchhouseError:
        return 0
    return tail.play_count + newest_in_release(home, tail.release_id)


_KNOWN: dict[int, int] = {}


def newest_in_release(home: Home, number: int | None = None) -> int:
    """Return how many of the sent events are in the release."""
    # As the API does, the pointer is looked at, and a release that is known not opened again.
    number = number or release_id(home)
    if number in _KNOWN:
        return _KNOWN[number]
    with open_current(home) as release:
        found = release.manifest.release_id
        if found not in _KNOWN:
            (row,) = (
                release.cursor()
                .execute("select count(*) from fct_plays where started_date = date '2026-11-20'")
                .fetchall()
            )
            _KNOWN[found] = int(row[0])
        return _KNOWN[found]


def release_id(home: Home) -> int:
    """Return the number of the current release."""
    return int(home.current.readlink().name)


@contextmanager
def running(home: Path, servers: str) -> Iterator[None]:
    """Run loader and builder in a process of their own."""
    process = subprocess.Popen(  # noqa: S603 - this program
        [*OURS, "run", "--topic", TOPIC],
        env={
            **os.environ,
            "WATCHHOUSE_HOME": str(home),
            "WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS": servers,
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(10)  # It imports and parses: what is measured is how it runs.
        yield
    finally:
        process.terminate()
        process.wait()
