"""The dashboard in a real browser: time to the first chart, and from a filter to the redrawn one.

Beside a page of Streamlit's own with nothing but one chart, in the same run.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.measuring import OURS, WORK, measure, say, table
from benchmarks.repeating import repeat

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from benchmarks.browsing import Server

_ROUNDS: Final = 3
_SHOW_DAYS: Final = 1_000_000
_FILTER: Final = ("Device", "mobile")
_BARE: Final = Path(__file__).with_name("barepage.py")


@dataclass(frozen=True)
class _Case:
    """A page by its title; of `home`, or the bare one."""

    title: str
    home: Path | None = None


@dataclass(frozen=True)
class _Visit:
    """Milliseconds to the first chart of a server's first visitor, of the next, of a filter."""

    first: float
    next: float
    filtered: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--pages-home",
        type=Path,
        default=Path("demo"),
        metavar="DIR",
        help="whose release is looked at (default: demo, which is made where it is not there)",
    )


def run(arguments: argparse.Namespace) -> str:
    """Visit the pages in turns, and return a table of medians."""
    # Only here: whoever lands files needs no browser.
    from tests.dashboard.browser import BROWSER  # noqa: PLC0415

    if BROWSER is None:
        return "Pages: not measured, no browser: install one with `apt-get install chromium`"
    home = arguments.pages_home.absolute()
    if not (home / "current").exists():
        say("pages: making the demo")
        measure([*OURS, "demo", "--home", str(home)])
    WORK.mkdir(exist_ok=True)
    say(f"pages: repeating its days until they are {_SHOW_DAYS:,} show-days")
    show_days = repeat(home, WORK / "pages", show_days=_SHOW_DAYS)
    cases = (
        _Case("Streamlit alone, one chart"),
        _Case("**Overview**, the demo", home),
        _Case(f"**Overview**, {show_days:,} show-days", WORK / "pages"),
    )
    visits: dict[_Case, list[_Visit]] = {case: [] for case in cases}
    for turn in range(_ROUNDS):
        for case in cases:
            say(f"pages: {case.title.replace('*', '')}, round {turn + 1} of {_ROUNDS}")
            visits[case].append(_visit(case))
    return _table(visits)


def _visit(case: _Case) -> _Visit:
    from benchmarks.browsing import first_chart, opened, refiltered  # noqa: PLC0415

    with _server(case) as server:
        with opened(server.url) as page:
            first = first_chart(page)
        with opened(server.url) as page:
            following = first_chart(page)
            # Nobody has asked this server for it yet.
            filtered = refiltered(page, *_FILTER) if case.home else None
    return _Visit(first, following, filtered)


def _server(case: _Case) -> "AbstractContextManager[Server]":
    from benchmarks.browsing import served  # noqa: PLC0415

    if case.home is None:
        options = (
            *("--server.address=127.0.0.1", "--server.headless=true"),
            *("--server.fileWatcherType=none", "--browser.gatherUsageStats=false"),
        )
        command = (sys.executable, "-m", "streamlit", "run", str(_BARE), *options)
        return served(command, "--server.port", os.environ)
    environment = {**os.environ, "WATCHHOUSE_HOME": str(case.home)}
    return served((*OURS, "serve", "--only", "dashboard"), "--dashboard-port", environment)


def _table(visits: Mapping[_Case, Sequence[_Visit]]) -> str:
    rows = []
    bare: tuple[float, float] | None = None
    for case, found in visits.items():
        first = statistics.median(visit.first for visit in found)
        following = statistics.median(visit.next for visit in found)
        filtered = [visit.filtered for visit in found if visit.filtered is not None]
        bare = bare or (first, following)
        rows.append(
            (
                case.title,
                f"{first:,.0f} ms",
                f"{first / bare[0]:.2f}",
                f"{following:,.0f} ms",
                f"{following / bare[1]:.2f}",
                f"{statistics.median(filtered):,.0f} ms" if filtered else "",
            )
        )
    header = (
        "page",
        "first chart, server just started",
        "ratio",
        "first chart",
        "ratio",
        "from a filter to its chart",
    )
    return "Pages in Chromium, 1280 wide, each visit with an empty cache:\n\n" + (
        table(header, rows) + "\n"
    )
