"""Topics to Parquet against what a client can read at all, and against what is usually done.

All read the same topic of the same broker, whole, as processes of their own, interleaved; the clock
runs from the start of reading to the last message, without start-up. The broker is Apache Kafka
where it is to be had; with `KAFKA_BOOTSTRAP_SERVERS` the one that is named.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import Final

from benchmarks.environments import commands_of
from benchmarks.measuring import WORK, say, table
from tests.brokers.servers import find_broker

_HERE: Final = Path(__file__).parent
_PEERS: Final = (
    *("confluent-kafka", "kafka-python[crc32c]==3.0.12", "pandas>=2.3", "pyarrow>=21"),
    *("zstandard", "lz4"),
)
_PARTITIONS: Final = 3
_NAMES: Final = {
    "empty": "kafka-python: empty poll loop",
    "watchhouse": "**watchhouse stream**",
    "confluent": "confluent-kafka: empty poll loop",
    "rows": "kafka-python, `json.loads`, pandas, `to_parquet`",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("streaming")
    group.add_argument("--streaming-rows", type=int, default=1_000_000, metavar="N")
    group.add_argument("--streaming-rounds", type=int, default=5, metavar="N")
    group.add_argument(
        "--streaming-only", nargs="*", choices=sorted(_NAMES), default=sorted(_NAMES)
    )


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return a Markdown table."""
    count = arguments.streaming_rows
    with tempfile.TemporaryDirectory() as folder:
        broker = find_broker(Path(folder))
        broker.start()
        try:
            say(f"{broker.name}: sending {count:,} messages")
            topic = f"bench-{uuid.uuid4().hex[:8]}"
            _call("send", broker.servers, topic, count)
            seconds = _measure(broker.servers, topic, count, arguments)
        finally:
            broker.kill()
    basis = statistics.median(seconds["empty"])
    rows = [
        [
            _NAMES[name],
            f"{statistics.median(found):.2f}",
            f"{count / statistics.median(found):,.0f}",
            f"{basis / statistics.median(found):.2f}",
        ]
        for name, found in seconds.items()
        if found
    ]
    header = (f"{count:,} messages, {broker.name}", "seconds", "messages/s", "of the empty loop")
    return table(header, rows)


def _measure(
    servers: str, topic: str, count: int, arguments: argparse.Namespace
) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {"empty": []}
    for number in range(1, arguments.streaming_rounds + 1):
        for name in _NAMES:
            if name != "empty" and name not in arguments.streaming_only:
                continue
            found = _call(name, servers, topic, count)
            seconds.setdefault(name, []).append(found)
            say(f"{name}, round {number}: {found:.2f} s")
    return seconds


def _call(name: str, servers: str, topic: str, count: int) -> float:
    output = WORK / "streamed"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    python = Path(sys.executable)
    if name in {"confluent", "rows"}:
        python = commands_of("streaming-peers", _PEERS) / "python"
    command = [str(python), str(_HERE / "consuming.py"), name, servers, topic, str(count)]
    finished = subprocess.run(  # noqa: S603 - our own script
        [*command, str(output)], capture_output=True, text=True, check=False, cwd=_HERE.parent
    )
    if finished.returncode != 0:
        message = f"{name} failed:\n{finished.stderr}"
        raise RuntimeError(message)
    return float(json.loads(finished.stdout.splitlines()[-1])["seconds"])
