"""`watchhouse demo`: made-up events from files to a published release, and what came out."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from watchhouse.errors import DemoError
from watchhouse.releases import Release, open_current
from watchhouse.results import results
from watchhouse.settings import Settings
from watchhouse.simulation.agreement import Figure, compare
from watchhouse.simulation.scenario import Scenario
from watchhouse.warehouse import Warehouse

_EVENTS: Final = 200_000
EVENTS_PER_USER: Final = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_demo_arguments(parser, home="demo", events=_EVENTS)


def add_demo_arguments(parser: argparse.ArgumentParser, *, home: str, events: int) -> None:
    """Declare what every demo has: where it lives, and how large it is."""
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(home),
        metavar="DIR",
        help="folder for everything that it writes, never your own data (default: %(default)s)",
    )
    parser.add_argument(
        "--events", type=int, default=events, metavar="N", help="default: %(default)s"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Simulate, land, build and publish what is not there yet; print results and the next steps.

    Raises:
        DemoError: the release does not hold what the simulator wrote, or a step failed.
    """
    home: Path = arguments.home
    write(
        "Watchhouse demo: made-up viewing events, from files to a tested release.",
        f"Everything is written below {home}/.",
    )
    truth = _simulated(home / "input", events=arguments.events)
    batches = _landed(home, truth)
    _built(settings.model_copy(update={"home": home}))
    with open_current(settings.model_copy(update={"home": home}).layout()) as release:
        write("", *results(release.cursor()))
        write("", *_agreement(release, truth, batches, folder=home / "input"))
    write("", *_next_steps(home))
    return 0


def _simulated(folder: Path, *, events: int) -> dict[str, Any]:
    write("", f"1  Simulate  {folder}")
    truth = _earlier_simulation(folder, events=events)
    if truth is not None:
        write("   skipped: the files of the last run are still there")
    else:
        begun = time.monotonic()
        # numpy is only loaded when there is something to simulate.
        from watchhouse.simulation.writing import simulate  # noqa: PLC0415

        users = max(events // EVENTS_PER_USER, 1)
        truth = simulate(Scenario(events=events, users=users), folder)
        write(f"   done in {time.monotonic() - begun:.1f} s, with errors at known rates")
    megabytes = sum(file["bytes"] for file in truth["files"]) / 1e6
    write(
        f"   {truth['records']:,} events of {truth['users']['records']:,} users in "
        f"{len(truth['files'])} files ({megabytes:.1f} MB), {truth['catalog']['shows']:,} shows"
    )
    return truth


def _earlier_simulation(folder: Path, *, events: int) -> dict[str, Any] | None:
    """Return the truth about the files in the folder, if they are whole."""
    try:
        truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not truth.get("is_complete"):
        return None
    if truth["records"] != events:
        message = (
            f"{folder} holds a demo of {truth['records']} events, not {events}: remove "
            f"{folder.parent}, or choose another --home"
        )
        raise DemoError(message)
    sizes = {file["path"]: file["bytes"] for file in truth["files"]}
    paths = [*sizes, truth["catalog"]["path"], truth["users"]["path"]]
    for name in paths:
        path = folder / name
        if not path.exists() or path.stat().st_size != sizes.get(name, path.stat().st_size):
            return None
    return truth


def _landed(home: Path, truth: dict[str, Any]) -> set[str]:
    """Land every file of the simulation; return their batches."""
    write("", f"2  Land      {home / 'raw'}, identifiers as pseudonyms")
    folder = home / "input"
    streams = {
        "catalog": [truth["catalog"]["path"]],
        "users": [truth["users"]["path"]],
        "watch_events": [file["path"] for file in truth["files"]],
    }
    batches: set[str] = set()
    for stream, names in streams.items():
        summary = _ingest(home, stream, [folder / name for name in names])
        totals = summary["totals"]
        batches |= {file["batch_id"] for file in summary["files"]}
        if not totals["landed_files"]:
            files = "file" if len(names) == 1 else "files"
            write(f"   {stream:<12} skipped: {len(names)} {files} landed already")
            continue
        rejected = f", {totals['rejected']:,} rejected" if totals["rejected"] else ""
        write(
            f"   {stream:<12} {totals['landed']:>9,} of {totals['read']:,} records landed"
            f"{rejected} in {totals['seconds']:.1f} s"
        )
    return batches


def _ingest(home: Path, stream: str, paths: Sequence[Path]) -> dict[str, Any]:
    """Land files with the loader, a program of its own: this package does not import it."""
    command = ["ingest", "--json", "--stream", stream, *(str(path) for path in paths)]
    environment = {**os.environ, "WATCHHOUSE_HOME": str(home)}
    return run_command(command, environment, failure="the files could not be landed")


def run_command(
    arguments: Sequence[str], environment: Mapping[str, str], *, failure: str
) -> dict[str, Any]:
    """Run one of our own commands, a program of its own, and return its JSON summary.

    Raises:
        DemoError: `failure`, and what the command said.
    """
    finished = subprocess.run(  # noqa: S603 - this program and arguments that it made
        [sys.executable, "-m", "watchhouse", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if finished.returncode != 0:
        message = f"{failure}:\n{finished.stderr.strip()}"
        raise DemoError(message)
    summary: dict[str, Any] = json.loads(finished.stdout)
    return summary


def _built(settings: Settings) -> None:
    write("", f"3  Build, test, publish  {settings.home / 'releases'}")
    outcome = Warehouse(settings).build()
    release = outcome.manifest.release_id
    if outcome.report is None:
        write(f"   skipped: release {release} holds every landed batch")
        return
    report = outcome.report
    write(
        f"   {report.model_count} models built, {report.test_count} tests passed in "
        f"{report.seconds:.0f} s; release {release} is out"
    )
    for warning in report.warnings:
        write(f"   warning: {warning.partition(':')[0]}, see make docs")


def _agreement(
    release: Release, truth: dict[str, Any], batches: set[str], *, folder: Path
) -> list[str]:
    """Return what the comparison says.

    Raises:
        DemoError: a figure differs.
    """
    held = {
        batch_id
        for (batch_id,) in release.cursor()
        .execute("select batch_id from rpt_batch_reconciliation where status = 'current'")
        .fetchall()
    }
    if held != batches:
        return ["Not compared with the simulator's truth: this home holds other files as well."]
    figures = compare(release.cursor(), truth)
    wrong = [figure for figure in figures if not figure.agrees]
    if wrong:
        message = f"the release differs from {folder / 'truth.json'}:\n" + _listed(wrong)
        raise DemoError(message)
    return [
        f"All {len(figures)} figures agree with what the simulator knows that it wrote",
        f"({folder / 'truth.json'}): totals, errors by reason, plays by day, top shows.",
    ]


def _listed(figures: Iterable[Figure]) -> str:
    return "\n".join(f"  {figure}" for figure in figures)


def _next_steps(home: Path) -> list[str]:
    here = f"WATCHHOUSE_HOME={home}"
    return [
        "What next",
        f"   make serve {here}          # pages: http://127.0.0.1:8501",
        f"   make status {here}         # landed, published, set aside",
        f'   make sql {here} Q="from fct_show_days limit 5"',
        "   make docs                                # every table and column explained",
        '   make ingest FILES="your/*.csv"           # your own events, into data/',
        "   make build                               # ... and a release of them",
    ]


def write(*lines: str) -> None:
    """Print lines at once: what follows may take a while."""
    for line in lines:
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
