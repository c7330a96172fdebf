"""`watchhouse demo-stream`: made-up events through a broker to a published release."""

import argparse
import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from watchhouse.commands.demo import EVENTS_PER_USER, add_demo_arguments, run_command, write
from watchhouse.errors import DemoError
from watchhouse.releases import open_current
from watchhouse.results import results
from watchhouse.settings import Settings
from watchhouse.simulation.agreement import compare
from watchhouse.simulation.scenario import Scenario
from watchhouse.warehouse import Warehouse

_EVENTS: Final = 50_000
_PARTITIONS: Final = 3
_START_SECONDS: Final = 20.0
_TOPICS: Final = {"watch_events": "watch-events", "catalog": "catalog", "users": "users"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_demo_arguments(parser, home="demo/stream", events=_EVENTS)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Start a broker, send, land, build and publish; print results. What is done is skipped.

    Raises:
        DemoError: there is no broker, a step failed, or the release differs from what was sent.
    """
    home: Path = arguments.home
    write(
        "Watchhouse demo: made-up viewing events, from a Kafka topic to a tested release.",
        f"Everything is written below {home}/.",
    )
    truth_file = home / "sent.json"
    with _broker(home / "broker") as servers:
        environment = {
            **os.environ,
            "WATCHHOUSE_HOME": str(home),
            "WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS": servers,
        }
        write("", f"1  Produce  to a broker at {servers}, made by pip")
        if truth_file.exists():
            write("   skipped: the topics hold what the last run sent")
        else:
            truth = _produced(home / "input", arguments.events, environment)
            truth_file.write_text(json.dumps(truth), encoding="utf-8")
        truth = json.loads(truth_file.read_text(encoding="utf-8"))
        write("", f"2  Stream   to {home / 'raw'}, each message once")
        command = ["stream", "--until-idle", "--json"]
        for stream, topic in _TOPICS.items():
            command += ["--topic", f"{stream}={topic}"]
        done = run_command(command, environment, failure="watchhouse stream failed")
        write(
            f"   {done['landed']:,} of {done['read']:,} messages landed in {done['batches']:,} "
            f"batches, {done['rejected']:,} rejected, in {done['seconds']:.1f} s"
        )
    write("", f"3  Build, test, publish  {home / 'releases'}")
    settings = settings.model_copy(update={"home": home})
    outcome = Warehouse(settings).build()
    number = outcome.manifest.release_id
    if outcome.report is None:
        write(f"   skipped: release {number} holds every landed batch")
    else:
        write(f"   {outcome.report.test_count} tests passed; release {number} is out")
    with open_current(settings.layout()) as release:
        write("", *results(release.cursor()), "")
        figures = compare(release.cursor(), truth)
    wrong = [str(figure) for figure in figures if not figure.agrees]
    if wrong:
        message = "the release differs from what was sent:\n" + "\n".join(wrong)
        raise DemoError(message)
    write(
        f"All {len(figures)} figures agree with what was sent.",
        "",
        "What next",
        f"   make status WATCHHOUSE_HOME={home}    # landed, published, set aside",
        "   make stream TOPIC=your-topic              # from WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS",
    )
    return 0


def _produced(folder: Path, events: int, environment: dict[str, str]) -> dict[str, Any]:
    # numpy is only loaded when there is something to simulate.
    from watchhouse.simulation.writing import simulate  # noqa: PLC0415

    users = max(events // EVENTS_PER_USER, 1)
    truth = simulate(Scenario(events=events, users=users, file_format="ndjson"), folder)
    paths = {
        "watch_events": [file["path"] for file in truth["files"]],
        "catalog": [truth["catalog"]["path"]],
        "users": [truth["users"]["path"]],
    }
    for stream, topic in _TOPICS.items():
        files = [str(folder / name) for name in paths[stream]]
        command = ["produce", "--json", "--topic", topic, "--create", str(_PARTITIONS), *files]
        sent = run_command(command, environment, failure="watchhouse produce failed")
        write(f"   {topic:<14} {sent['acknowledged']:>9,} messages in {sent['seconds']:.1f} s")
    return truth


@contextlib.contextmanager
def _broker(folder: Path) -> Iterator[str]:
    """Run the broker that pip installs, for as long as it is needed.

    Raises:
        DemoError: it is not installed, or does not start.
    """
    found = importlib.util.find_spec("noida_db")
    if found is None or found.origin is None:
        message = "the broker noida-db is not installed: run `make demo-stream`, which installs it"
        raise DemoError(message)
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(found.origin).with_name("noida-db")), "start", "--only", "kafka"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - the program that was just found
            [*command, "--kafka-port", str(port), "--data-dir", str(folder / "data")],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(process, port, folder / "log")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"the broker did not start; {log} says why"
    raise DemoError(message)
