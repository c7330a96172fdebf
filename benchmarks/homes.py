"""Homes of any size for benchmarks, and processes that are kept to build them."""

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, Literal

from benchmarks.measuring import OURS, WORK, measure, peak_bytes, say

EVENTS_PER_DAY: Final = 10_000
"""So few that a million fill the longest window, 91 days: more history then changes no window."""
USERS: Final = 100_000
START: Final = date(2021, 6, 7)
BATCH_EVENTS: Final = 50_000
LATE_EVENTS: Final = 1_000
LATE_DAYS: Final = 7

_INPUT: Final = WORK / "building" / "input"


@dataclass(frozen=True)
class Times:
    """Wall-clock seconds of one build: models and tests, the publication, and each model's own."""

    build: float
    publication: float
    models: Mapping[str, float]

    @property
    def total(self) -> float:
        """Models, tests and publication."""
        return self.build + self.publication


class Worker:
    """A process that keeps dbt and builds one home, one request at a time."""

    def __init__(self, home: Path) -> None:
        """Start the process; `home` need not exist."""
        self.home = home
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(home, theirs))
        self._process.start()
        # Else a process that dies would be waited for.
        theirs.close()

    def land(self, files: Sequence[Path]) -> None:
        """Land files with the command, in a process of its own."""
        environment = {"WATCHHOUSE_HOME": str(self.home)}
        measure([*OURS, "ingest", *map(str, files)], environment=environment)

    def build(self, selection: Literal["core", "full"] = "full") -> Times:
        """Build and publish; return what it took."""
        self._pipe.send(selection)
        return Times(*self._pipe.recv())

    def close(self) -> float:
        """End the process and return its peak memory in GiB."""
        self._pipe.send("stop")
        peak: float = self._pipe.recv()
        self._process.join()
        return peak


def in_process(
    run: Callable[[Path], dict[str, float]], home: Path
) -> tuple[dict[str, float], float]:
    """Call `run(home)` in a fresh process; return what it returns and its peak memory in GiB."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_report, args=(run, home, theirs))
    process.start()
    theirs.close()
    found: tuple[dict[str, float], float] = ours.recv()
    process.join()
    return found


def history(events: int) -> list[Path]:
    """Return files of simulated events with random identifiers, made once and kept."""
    folder = _INPUT / f"history-{events}"
    if not (folder / "truth.json").exists():
        say(f"simulating {events:,} events")
        _simulate(folder, events, days=max(1, events // EVENTS_PER_DAY), start=START, seed=1)
    return sorted(folder.glob("events-*.csv"))


def batch_after(events: int, round_: int) -> list[Path]:
    """Return a file with the events of the days after a history, and a few of days before."""
    day = START + timedelta(days=events // EVENTS_PER_DAY)
    folder = _INPUT / f"batch-{day}-{round_}"
    path = folder / "batch.csv"
    if not path.exists():
        fresh, late = folder / "fresh", folder / "late"
        seed = 100 + round_
        days = BATCH_EVENTS // EVENTS_PER_DAY
        _simulate(fresh, BATCH_EVENTS - LATE_EVENTS, days=days, start=day, seed=seed)
        before = day - timedelta(days=LATE_DAYS)
        _simulate(late, LATE_EVENTS, days=LATE_DAYS, start=before, seed=seed)
        lines = (fresh / "events-001.csv").read_bytes()
        lines += (late / "events-001.csv").read_bytes().split(b"\n", 1)[1]
        path.write_bytes(lines)
    return [path]


def _simulate(folder: Path, events: int, *, days: int, start: date, seed: int) -> None:
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
    measure([*OURS, "simulate", *words])


def _serve(home: Path, pipe: Connection) -> None:
    """Build when asked; runs in the worker's process."""
    from watchhouse.settings import Settings  # noqa: PLC0415 - in that process only
    from watchhouse.warehouse import Warehouse  # noqa: PLC0415

    warehouse = Warehouse(Settings(home=home))
    while (selection := pipe.recv()) != "stop":
        started = time.monotonic()
        report = warehouse.build(selection=selection).report
        total = time.monotonic() - started
        if report is None:
            pipe.send((0.0, total, {}))
        else:
            pipe.send((report.seconds, total - report.seconds, dict(report.model_seconds)))
    pipe.send(_peak_memory())


def _report(run: Callable[[Path], dict[str, float]], home: Path, pipe: Connection) -> None:
    """Run and send what came out; runs in the fresh process."""
    pipe.send((run(home), _peak_memory()))


def _peak_memory() -> float:
    """Return the largest resident size of this process in GiB."""
    return peak_bytes() / (1 << 30)
