"""What a build costs as history grows, and which models take the time.

    python -m benchmarks building

Input is made by `watchhouse simulate` under `benchmarks/work`, and kept for the next run. Builds
run in a kept process per home, one at a time; the rounds of the sizes are interleaved, and each
figure is a median. Each batch is built twice: the core marts alone, as `watchhouse run` does
between full builds, then everything. Memory is the largest resident size of the process.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from benchmarks.homes import (
    BATCH_EVENTS,
    EVENTS_PER_DAY,
    LATE_DAYS,
    LATE_EVENTS,
    Times,
    Worker,
    batch_after,
    history,
)
from benchmarks.measuring import WORK, say, table

FOLDER: Final = WORK / "building"
SLOWEST: Final = 10
BATCHES: Final = (
    f"A batch of {BATCH_EVENTS:,} events, {LATE_EVENTS:,} of them up to {LATE_DAYS} days late, "
    f"on a history of {EVENTS_PER_DAY:,} events a day, in a kept process:"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("building")
    group.add_argument(
        "--building-histories", default="1,4,16", metavar="LIST", help="millions of events"
    )
    group.add_argument("--building-rounds", type=int, default=3, metavar="N")


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return Markdown."""
    sizes = [int(float(size) * 1_000_000) for size in arguments.building_histories.split(",")]
    workers = {size: Worker(FOLDER / f"home-{size}") for size in sizes}
    first = {size: first_build(worker, size) for size, worker in workers.items()}
    cores: dict[int, list[Times]] = {size: [] for size in sizes}
    batches: dict[int, list[Times]] = {size: [] for size in sizes}
    for round_ in range(arguments.building_rounds + 1):
        for size, worker in workers.items():
            worker.land(batch_after(size, round_))
            core, full = worker.build("core"), worker.build()
            say(f"batch {round_} on {millions(size)}: {core.total:.2f} s, {full.total:.2f} s")
            # The first batch after a full build also pays for what the engine has not read yet.
            if round_:
                cores[size].append(core)
                batches[size].append(full)
    memory = {size: worker.close() for size, worker in workers.items()}
    startup = statistics.median(startup_seconds() for _ in range(arguments.building_rounds))
    return "\n\n".join(
        [
            BATCHES,
            flat_cost({"core": cores, "all": batches}, memory),
            f"Start-up of the command, imports and parsing: {startup:.2f} s.",
            "First builds, models and all tests:",
            table(
                ("history", "models and tests", "publication"),
                [
                    (millions(size), f"{times.build:.1f} s", f"{times.publication:.1f} s")
                    for size, times in first.items()
                ],
            ),
            f"Seconds in the {SLOWEST} slowest models, beside others at work:",
            by_model({size: median_models(found) for size, found in batches.items()}),
        ]
    )


def first_build(worker: Worker, size: int) -> Times:
    """Land a history in an empty home and build it."""
    say(f"history of {millions(size)} events: landing and first build")
    shutil.rmtree(worker.home, ignore_errors=True)
    worker.land(history(size))
    return worker.build()


def flat_cost(
    builds: Mapping[str, Mapping[int, Sequence[Times]]], memory: Mapping[int, float]
) -> str:
    """Return the table of what a batch costs on each history, by the marts that are built."""
    rows = []
    for marts, batches in builds.items():
        totals = {size: median(batches[size], "total") for size in batches}
        base = next(iter(totals.values()))
        rows += [
            (
                marts,
                millions(size),
                f"{median(found, 'build'):.2f} s",
                f"{median(found, 'publication'):.2f} s",
                f"{totals[size]:.2f} s",
                f"{totals[size] / base:.2f}",
                f"{memory[size]:.2f} GiB",
            )
            for size, found in batches.items()
        ]
    header = (
        "marts",
        "history",
        "models and tests",
        "publication",
        "total",
        "ratio",
        "peak memory",
    )
    return table(header, rows)


def median(found: Sequence[Times], part: Literal["build", "publication", "total"]) -> float:
    """Return the median seconds of a part of some builds."""
    return float(statistics.median(getattr(times, part) for times in found))


def median_models(found: Sequence[Times]) -> dict[str, float]:
    """Return the median seconds of each model over some builds."""
    names = found[0].models
    return {name: statistics.median(times.models[name] for times in found) for name in names}


def by_model(seconds: Mapping[int, Mapping[str, float]]) -> str:
    """Return the table of the slowest models, one column for each history."""
    largest = seconds[max(seconds)]
    slowest = sorted(largest, key=lambda name: largest[name], reverse=True)[:SLOWEST]
    rows = [(f"`{n}`", *(f"{models[n]:.2f}" for models in seconds.values())) for n in slowest]
    total = ("all models", *(f"{sum(models.values()):.2f}" for models in seconds.values()))
    return table(("model", *(millions(size) for size in seconds)), [*rows, total])


def millions(size: int) -> str:
    """Return a number of events in words."""
    return f"{size / 1_000_000:g} million"


def startup_seconds() -> float:
    """Do what the command does before it can build, in a process of its own; return its time."""
    code = (
        "from watchhouse.building import Builder; from watchhouse.layout import Home;"
        "from watchhouse.progress import build_progress; from pathlib import Path;"
        f"Builder(Home(Path({str(FOLDER / 'startup')!r})), build_progress()).plan()"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)  # noqa: S603
    return time.monotonic() - started
