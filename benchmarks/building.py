"""What a build costs: flat with history, and close to the same SQL run by hand.

    python -m benchmarks building

Input is made by `watchhouse simulate` under `benchmarks/work`, and kept for the next run. Builds
run in a kept process per home, one at a time; the rounds of the things compared are interleaved,
and each figure is a median. Memory is the largest resident size of the process.
"""

import argparse
import json
import multiprocessing
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

WORK: Final = Path(__file__).parent / "work" / "building"
BATCH_EVENTS: Final = 50_000
LATE_EVENTS: Final = 1_000
LATE_DAYS: Final = 7
EVENTS_PER_DAY: Final = 125_000
USERS: Final = 100_000
START: Final = date(2025, 6, 2)


@dataclass(frozen=True)
class Times:
    """Wall-clock seconds of one build: models and tests, then the publication."""

    build: float
    publication: float

    @property
    def total(self) -> float:
        """Models, tests and publication."""
        return self.build + self.publication


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("building")
    group.add_argument(
        "--building-histories", default="1,4,16", metavar="LIST", help="millions of events"
    )
    group.add_argument(
        "--building-first", type=int, default=10, metavar="N", help="millions of events"
    )
    group.add_argument("--building-rounds", type=int, default=3, metavar="N")


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return Markdown."""
    WORK.mkdir(parents=True, exist_ok=True)
    histories = [int(size) for size in arguments.building_histories.split(",")]
    tables = [flat_cost(histories, arguments.building_rounds)]
    if arguments.building_first:
        tables.append(first_build(arguments.building_first, arguments.building_rounds))
    return "\n\n".join(tables)


def flat_cost(millions: Sequence[int], rounds: int) -> str:
    """Build batches of one size on histories of several, and say what each took."""
    workers = {size: Worker(WORK / f"history-{size}m") for size in millions}
    first: dict[int, Times] = {}
    for size, worker in workers.items():
        say(f"history of {size} million events: landing and first build")
        shutil.rmtree(worker.home, ignore_errors=True)
        days = size * 1_000_000 // EVENTS_PER_DAY
        worker.land(simulated(size * 1_000_000, days=days, start=START))
        first[size] = worker.build()
    batches: dict[int, list[Times]] = {size: [] for size in millions}
    for round_ in range(rounds + 1):
        for size, worker in workers.items():
            worker.land(batch(START + timedelta(days=size * 1_000_000 // EVENTS_PER_DAY), round_))
            times = worker.build()
            # The first batch after a full build also pays for what the engine has not read yet.
            if round_:
                batches[size].append(times)
                say(f"batch {round_} on {size} million: {times.total:.2f} s")
    memory = {size: worker.close() for size, worker in workers.items()}
    startup = statistics.median(timed(import_and_parse) for _ in range(rounds))
    base = statistics.median(times.total for times in batches[millions[0]])
    title = (
        f"A batch of {BATCH_EVENTS:,} events, {LATE_EVENTS:,} of them up to {LATE_DAYS} days late, "
        f"on a history of {EVENTS_PER_DAY:,} events a day, in a kept process:"
    )
    lines = [
        title,
        "",
        "| history | models and tests | publication | total | ratio | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for size in millions:
        build = statistics.median(times.build for times in batches[size])
        publication = statistics.median(times.publication for times in batches[size])
        total = statistics.median(times.total for times in batches[size])
        lines.append(
            f"| {size} million | {build:.2f} s | {publication:.2f} s | {total:.2f} s "
            f"| {total / base:.2f} | {memory[size]:.2f} GiB |"
        )
    lines += ["", f"Start-up of the command, imports and parsing: {startup:.2f} s."]
    lines += [
        f"First build of {size} million events: {times.build:.1f} s with all tests, "
        f"publication {times.publication:.1f} s."
        for size, times in first.items()
    ]
    return "\n".join(lines)


def first_build(millions: int, rounds: int) -> str:
    """Compare a first build, models only, with the same SQL run by hand."""
    home = WORK / f"first-{millions}m"
    shutil.rmtree(home, ignore_errors=True)
    worker = Worker(home)
    days = millions * 1_000_000 // EVENTS_PER_DAY
    worker.land(simulated(millions * 1_000_000, days=days, start=START))
    seconds: dict[str, list[float]] = {"dbt": [], "hand": []}
    memory = {"dbt": 0.0, "hand": 0.0}
    for round_ in range(rounds):
        for name, run in (("dbt", dbt_models), ("hand", models_by_hand)):
            took, peak = in_process(run, home)
            seconds[name].append(took)
            memory[name] = max(memory[name], peak)
            say(f"first build of {millions} million, {name}, round {round_ + 1}: {took:.1f} s")
    worker.close()
    base = statistics.median(seconds["hand"])
    lines = [
        f"A first build of {millions} million events, models only:",
        "",
        "| | seconds | ratio | peak memory |",
        "|---|---|---|---|",
    ]
    for name, label in (("hand", "the same SQL by hand, one DuckDB"), ("dbt", "dbt")):
        median = statistics.median(seconds[name])
        lines.append(f"| {label} | {median:.1f} s | {median / base:.2f} | {memory[name]:.2f} GiB |")
    return "\n".join(lines)


def dbt_models(home: Path) -> float:
    """Run all models with dbt into an empty build database; return the seconds it took."""
    shutil.rmtree(home / "build", ignore_errors=True)
    invoke, manifest = dbt(home)
    started = time.monotonic()
    invoke(["run"], manifest)
    return time.monotonic() - started


def models_by_hand(home: Path) -> float:
    """Run what dbt compiled as plain statements in one DuckDB; return the seconds it took."""
    import duckdb  # noqa: PLC0415 - in the measured process only

    results = json.loads((home / "target" / "run_results.json").read_text(encoding="utf-8"))
    nodes = json.loads((home / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    path = home / "hand" / "warehouse.duckdb"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    connection.execute("create schema history")
    connection.execute("create table history.published_batches (batch_id varchar)")
    for schema in ("staging", "intermediate", "marts"):
        connection.execute(f"create schema {schema}")
    started = time.monotonic()
    for result in results["results"]:
        node = nodes.get(result["unique_id"])
        if node is None or node["resource_type"] != "model":
            continue
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        connection.execute(
            f"create {kind} {node['schema']}.{node['alias']} as {result['compiled_code']}"
        )
    connection.close()
    return time.monotonic() - started


def import_and_parse() -> None:
    """Do what the command does before it can build anything, in a process of its own."""
    code = (
        "from watchhouse.building import Builder; from watchhouse.layout import Home;"
        "from watchhouse.progress import build_progress; from pathlib import Path;"
        f"Builder(Home(Path({str(WORK / 'startup')!r})), build_progress()).plan()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)  # noqa: S603


class Worker:
    """A process that keeps dbt and builds one home, one request at a time."""

    def __init__(self, home: Path) -> None:
        """Start the process; `home` need not exist."""
        self.home = home
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(home, theirs))
        self._process.start()
        theirs.close()

    def land(self, files: Sequence[Path]) -> None:
        """Land files with the command, in a process of its own."""
        command = [sys.executable, "-m", "watchhouse", "ingest", *map(str, files)]
        subprocess.run(  # noqa: S603
            command, check=True, env=environment(self.home), stderr=subprocess.DEVNULL
        )

    def build(self) -> Times:
        """Build and publish; return what it took."""
        self._pipe.send("build")
        return Times(*self._pipe.recv())

    def close(self) -> float:
        """End the process and return its peak memory in GiB."""
        self._pipe.send("stop")
        peak: float = self._pipe.recv()
        self._process.join()
        return peak


def serve(home: Path, pipe: Connection) -> None:
    """Build when asked; runs in the worker's process."""
    from watchhouse.settings import Settings  # noqa: PLC0415
    from watchhouse.warehouse import Warehouse  # noqa: PLC0415

    warehouse = Warehouse(Settings(home=home))
    while pipe.recv() == "build":
        started = time.monotonic()
        outcome = warehouse.build()
        total = time.monotonic() - started
        build = outcome.report.seconds if outcome.report else 0.0
        pipe.send((build, total - build))
    pipe.send(peak_memory())


def dbt(home: Path) -> tuple[Callable[[list[str], Any], Any], Any]:
    """Return a way to run dbt commands on a home in this process, and the parsed project."""
    import os  # noqa: PLC0415 - dbt reads the home from nothing but the environment

    from dbt.cli.main import dbtRunner  # noqa: PLC0415

    from watchhouse.fingerprint import PROJECT  # noqa: PLC0415

    os.environ["WATCHHOUSE_HOME"] = str(home)
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    options += ["--target-path", str(home / "target"), "--log-path", str(home / "logs"), "--quiet"]

    def invoke(arguments: list[str], manifest: Any) -> Any:  # noqa: ANN401 - dbt's own types
        outcome = dbtRunner(manifest=manifest).invoke([*arguments, *options])
        if not outcome.success:
            raise RuntimeError(outcome.exception or "dbt failed")
        return outcome.result

    return invoke, invoke(["parse"], None)


def in_process(run: Callable[[Path], float], home: Path) -> tuple[float, float]:
    """Call `run(home)` in a fresh process; return its seconds and the peak memory in GiB."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=report, args=(run, home, theirs))
    process.start()
    # Else a process that dies would be waited for.
    theirs.close()
    result: tuple[float, float] = ours.recv()
    process.join()
    return result


def report(run: Callable[[Path], float], home: Path, pipe: Connection) -> None:
    """Run and send what was measured; runs in the fresh process."""
    pipe.send((run(home), peak_memory()))


def simulated(events: int, *, days: int, start: date) -> list[Path]:
    """Return files of simulated events with random identifiers, made once and kept."""
    folder = WORK / "input" / f"{events}-{start}-{days}"
    if not (folder / "truth.json").exists():
        say(f"simulating {events:,} events")
        simulate(folder, events, days=days, start=start, seed=1)
    return sorted(folder.glob("events-*.csv"))


def batch(day: date, round_: int) -> list[Path]:
    """Return one file with the events of a new day and some late ones of the days before."""
    folder = WORK / "input" / f"batch-{day}-{round_}"
    path = folder / "batch.csv"
    if not path.exists():
        seed = 100 + round_
        fresh, late = folder / "fresh", folder / "late"
        simulate(fresh, BATCH_EVENTS - LATE_EVENTS, days=1, start=day, seed=seed)
        simulate(
            late, LATE_EVENTS, days=LATE_DAYS, start=day - timedelta(days=LATE_DAYS), seed=seed
        )
        lines = (fresh / "events-001.csv").read_bytes()
        lines += (late / "events-001.csv").read_bytes().split(b"\n", 1)[1]
        path.write_bytes(lines)
    return [path]


def simulate(folder: Path, events: int, *, days: int, start: date, seed: int) -> None:
    """Make events of the same population with the command."""
    options = {
        "--out": folder,
        "--events": events,
        "--users": USERS,
        "--days": days,
        "--start-date": start,
        "--seed": seed,
        "--files": 1,
        "--event-ids": "uuid",
    }
    words = [str(word) for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "watchhouse", "simulate", *words]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)  # noqa: S603


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a command that works on a home."""
    import os  # noqa: PLC0415

    return {**os.environ, "WATCHHOUSE_HOME": str(home)}


def timed(action: Callable[[], None]) -> float:
    """Return the wall-clock seconds that an action takes."""
    started = time.monotonic()
    action()
    return time.monotonic() - started


def peak_memory() -> float:
    """Return the largest resident size of this process in GiB."""
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(kib) / (1 << 20)


def say(line: str) -> None:
    """Show progress on standard error; the tables go to standard output."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
