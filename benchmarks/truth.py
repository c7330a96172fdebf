"""A year whose truth is known: what the simulator made, and what every mart says of it.

    python -m benchmarks truth

Events with errors at known rates, the catalogue and the accounts are landed in a new home under
`benchmarks/work`, built with every test and published; then the release is held against
`truth.json`, figure by figure, none rounded. Figures that several marts hold are asked of each.
"""

import argparse
import json
import shutil
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from benchmarks.measuring import OURS, WORK, measure, say, table

DAYS: Final = 365
START: Final = date(2025, 6, 2)
EVENTS_PER_USER: Final = 100

MARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "plays": (
        "select sum(play_count) from fct_user_days",
        "select sum(play_count) from fct_platform_days",
        "select sum(play_count) from fct_platform_hours",
        "select sum(play_count) from fct_breakdown_days",
        "select sum(play_count) from fct_viewing_sessions",
        "select sum(play_count) from rpt_show_windows where window_name = 'all'",
        "select sum(play_count) from rpt_user_windows where window_name = 'all'",
        "select sum(play_count) from rpt_users",
        "select play_count from rpt_platform_windows where window_name = 'all'",
    ),
    "valid_plays": (
        "select sum(valid_play_count) from rpt_show_windows where window_name = 'all'",
    ),
    "watched_microseconds": (
        "select sum(watched_microseconds) from fct_user_days",
        "select sum(watched_microseconds) from fct_viewing_sessions",
        "select sum(audience_microseconds) from fct_concurrency_minutes",
        "select sum(watched_microseconds) from rpt_users",
        "select sum(watched_microseconds) from rpt_show_windows where window_name = 'all'",
        "select watched_microseconds from rpt_platform_windows where window_name = 'all'",
    ),
    "complete_plays": (
        "select sum(complete_play_count) from fct_show_days",
        "select sum(complete_play_count) from fct_breakdown_days",
        "select sum(complete_play_count) from rpt_show_windows where window_name = 'all'",
    ),
    "plays_with_known_runtime": (
        "select sum(known_runtime_play_count) from fct_show_days",
        "select sum(known_runtime_play_count) from rpt_show_progress",
    ),
    "distinct_users": (
        "select count(*) from rpt_users",
        "select count(*) from dim_users where first_watched_at is not null",
        "select user_count from rpt_platform_windows where window_name = 'all'",
        "select sum(new_user_count) from rpt_lifecycle where period = 'day'",
        "select sum(new_user_count) from rpt_lifecycle where period = 'month'",
        """
        select sum(cohort_user_count) from rpt_retention_cohorts
        where period = 'week' and interval_number = 0
        """,
    ),
    "user_days": (
        "select sum(active_user_count) from rpt_lifecycle where period = 'day'",
        "select sum(dau) from fct_activity_days",
        "select sum(active_day_count) from rpt_users",
    ),
    "sessions": (
        "select sum(session_count) from fct_platform_days",
        "select sum(session_count) from rpt_users",
    ),
    "binge_sessions": ("select sum(binge_session_count) from fct_platform_days",),
    "distinct_shows": (
        "select count(*) from rpt_show_windows where window_name = 'all'",
        "select show_count from rpt_catalog_concentration where window_name = 'all'",
    ),
}
"""By figure of the truth, what other marts must say of it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("truth")
    group.add_argument(
        "--truth-events", type=int, default=5_000_000, metavar="N", help="default: %(default)s"
    )


def run(arguments: argparse.Namespace) -> str:
    """Build a year and compare it with its truth; return Markdown.

    Raises:
        RuntimeError: a command failed.
    """
    events: int = arguments.truth_events
    folder = WORK / "truth" / f"input-{events}"
    truth = _simulated(folder, events)
    home = WORK / "truth" / "home"
    shutil.rmtree(home, ignore_errors=True)
    begun = time.monotonic()
    _land(home, folder, truth)
    landed = time.monotonic()
    say("building and publishing")
    _watchhouse(home, "build")
    built = time.monotonic()
    figures = _compared(home, truth)
    wrong = [line for line in figures if line]
    title = (
        f"A year of {events:,} events by {events // EVENTS_PER_USER:,} users, "
        f"{truth['plays']:,} of them plays, errors at known rates:"
    )
    rows = (
        ("landing", f"{landed - begun:.1f} s"),
        ("first build, every test, publication", f"{built - landed:.1f} s"),
        ("size of the release", f"{_size(home / 'releases') / 1e6:,.0f} MB"),
        ("figures compared", f"{len(figures)}"),
        ("figures that are exactly the truth", f"{len(figures) - len(wrong)}"),
    )
    return "\n".join([title, "", table(("", "value"), rows), *wrong])


def _simulated(folder: Path, events: int) -> dict[str, Any]:
    """Return the truth about the files in the folder, made once and kept."""
    path = folder / "truth.json"
    if not path.exists():
        say(f"simulating {events:,} events of {DAYS} days")
        options = {
            "--out": folder,
            "--events": events,
            "--users": events // EVENTS_PER_USER,
            "--days": DAYS,
            "--start-date": START,
            "--files": 12,
        }
        words = [str(word) for pair in options.items() for word in pair]
        _watchhouse(folder.parent, "simulate", *words)
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return truth


def _land(home: Path, folder: Path, truth: Mapping[str, Any]) -> None:
    say("landing")
    for stream in ("catalog", "users"):
        _watchhouse(home, "ingest", "--stream", stream, str(folder / truth[stream]["path"]))
    _watchhouse(home, "ingest", *(str(folder / file["path"]) for file in truth["files"]))


def _compared(home: Path, truth: Mapping[str, Any]) -> list[str]:
    """Return for each figure what is wrong with it, or an empty text."""
    from watchhouse.layout import Home  # noqa: PLC0415 - a benchmark starts without the package
    from watchhouse.releases import open_current  # noqa: PLC0415
    from watchhouse.simulation.agreement import compare  # noqa: PLC0415

    with open_current(Home(home)) as release:
        cursor = release.cursor()
        found = ["" if figure.agrees else str(figure) for figure in compare(cursor, truth)]
        for figure, questions in MARTS.items():
            for question in questions:
                (said,) = cursor.execute(question).fetchone() or (None,)
                is_right = said == truth[figure]
                found.append(
                    "" if is_right else f"{figure}: {truth[figure]}, not {said}: {question}"
                )
    return found


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _watchhouse(home: Path, *words: str) -> None:
    measure([*OURS, *words], environment={"WATCHHOUSE_HOME": str(home)})
