"""Landing against bare DuckDB, and against pandas, polars and dlt; the size of raw Parquet.

All runs of a comparison are interleaved, so that a busy moment of the machine hurts all alike;
figures are medians, start-up included. Processor seconds tell more than wall time on a machine
that is not idle.
"""

import argparse
import itertools
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.environments import commands_of
from benchmarks.events import make_events
from benchmarks.measuring import OURS, WORK, Run, Summary, measure, say, summarise, table

_HERE: Final = Path(__file__).parent
_PEERS: Final = ("pandas", "polars", "dlt")
_PEER_PACKAGES: Final = ("pandas>=2.3", "polars>=1.30", "dlt[filesystem]>=1.10", "pyarrow>=21")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("landing")
    group.add_argument("--landing-rows", type=int, default=10_000_000, metavar="N")
    group.add_argument("--landing-peer-rows", type=int, default=1_000_000, metavar="N")
    group.add_argument("--landing-rounds", type=int, default=3, metavar="N")


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return one Markdown table."""
    rounds = arguments.landing_rounds
    header = (
        "landing",
        "rows",
        "seconds",
        "CPU s",
        "rows/s",
        "ratio",
        "peak memory",
        "Parquet / input",
    )
    rows: list[list[str]] = []
    for suffix in (".csv", ".ndjson"):
        count = arguments.landing_rows
        source = make_events(WORK / f"events-{count}{suffix}", rows=count)
        runs = _interleave({"duckdb": _bare(source), "watchhouse": _ours(source)}, rounds)
        rows += _lines(
            {
                f"{suffix[1:].upper()}: bare DuckDB `COPY`": runs["duckdb"],
                f"{suffix[1:].upper()}: **watchhouse ingest**": runs["watchhouse"],
            },
            source=source,
            count=count,
            basis=runs["duckdb"],
        )
    count = arguments.landing_peer_rows
    for ids in ("sequential", "uuid"):
        source = make_events(WORK / f"events-{count}-{ids}.csv", rows=count, ids=ids)
        if ids == "uuid":
            ours = _interleave({"watchhouse": _ours(source)}, 1)["watchhouse"]
            name = "CSV with UUID event ids: **watchhouse ingest**"
            rows += _lines({name: ours}, source=source, count=count, basis=ours)
            continue
        python = commands_of("peers", _PEER_PACKAGES) / "python"
        commands = {"**watchhouse ingest**": _ours(source)}
        for tool, mode in itertools.product(_PEERS, ("bare", "same")):
            label = f"{tool}, {'bare' if mode == 'bare' else 'the same work'}"
            commands[label] = _peer(python, tool, mode, source)
        runs = _interleave(commands, rounds)
        rows += _lines(
            {f"CSV: {name}": result for name, result in runs.items()},
            source=source,
            count=count,
            basis=runs["**watchhouse ingest**"],
        )
    return table(header, rows)


Measured = tuple[Summary, int]
"""What runs took, and the bytes that the last of them wrote."""


def _interleave(commands: dict[str, Callable[[], Run]], rounds: int) -> dict[str, Measured]:
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    sizes: dict[str, int] = {}
    for number in range(1, rounds + 1):
        for name, command in commands.items():
            result = command()
            runs[name].append(result)
            sizes[name] = _written()
            say(f"{name}, round {number}: {result.seconds:.2f} s")
    return {name: (summarise(runs[name]), sizes[name]) for name in commands}


def _lines(
    results: dict[str, Measured], *, source: Path, count: int, basis: Measured
) -> list[list[str]]:
    return [
        [
            name,
            f"{count:,}",
            f"{summary.seconds:.2f}",
            f"{summary.processor_seconds:.1f}",
            f"{count / summary.seconds:,.0f}",
            f"{summary.seconds / basis[0].seconds:.2f}",
            f"{summary.peak_bytes / 2**20:,.0f} MiB",
            f"{written / source.stat().st_size:.1%}",
        ]
        for name, (summary, written) in results.items()
    ]


def _output() -> Path:
    return WORK / "output"


def _written() -> int:
    return sum(path.stat().st_size for path in _output().rglob("*.parquet"))


def _fresh() -> Path:
    shutil.rmtree(_output(), ignore_errors=True)
    return _output()


def _ours(source: Path) -> Callable[[], Run]:
    command = [*OURS, "ingest", str(source)]
    return lambda: measure(command, environment={"WATCHHOUSE_HOME": str(_fresh())})


def _bare(source: Path) -> Callable[[], Run]:
    command = [sys.executable, str(_HERE / "bare.py"), str(source), str(_output())]

    def once() -> Run:
        _fresh()
        return measure(command)

    return once


def _peer(python: Path, tool: str, mode: str, source: Path) -> Callable[[], Run]:
    command = [str(python), str(_HERE / "peers.py"), tool, mode, str(source), str(_output())]
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}

    def once() -> Run:
        _fresh()
        return measure(command, environment=quiet)

    return once
