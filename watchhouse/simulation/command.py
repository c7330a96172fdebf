"""`watchhouse simulate`: write made-up viewing events and the truth about them."""

import argparse
import json
import logging
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from watchhouse.errors import UsageError
from watchhouse.settings import Settings
from watchhouse.simulation.scenario import Rates, Scenario

_log = logging.getLogger("watchhouse.simulation")

_EVENTS_PER_USER: Final = 50
_DAYS_BEYOND_THE_LAST: Final = 2
"""A session that begins in the last evening may go on for that long."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse simulate`."""
    usual = Scenario()
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder to write into; made if missing",
    )
    parser.add_argument(
        "--events",
        type=int,
        default=usual.events,
        metavar="N",
        help="records to write, bad and repeated ones included (default: %(default)s)",
    )
    parser.add_argument(
        "--users",
        type=int,
        metavar="N",
        help=f"users who may watch (default: one for each {_EVENTS_PER_USER} events)",
    )
    parser.add_argument(
        "--days", type=int, default=usual.days, metavar="N", help="days (default: %(default)s)"
    )
    parser.add_argument(
        "--start-date",
        type=_day,
        default=usual.start,
        metavar="YYYY-MM-DD",
        help="the first day, UTC (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=usual.seed, metavar="N", help="chance (default: %(default)s)"
    )
    parser.add_argument(
        "--format",
        choices=("csv", "ndjson"),
        default=usual.file_format,
        help="of the event files (default: %(default)s)",
    )
    parser.add_argument(
        "--files",
        type=int,
        metavar="N",
        help=f"event files, each of whole days (default: {usual.files}, or --days if that is less)",
    )
    parser.add_argument(
        "--event-ids",
        choices=("sequential", "uuid"),
        default=usual.event_ids,
        help="what they look like; random ones compress worse (default: %(default)s)",
    )
    parser.add_argument(
        "--clean",
        action="store_true",
        help="leave out malformed, invalid, late and repeated records",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the truth as JSON instead of a summary"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:  # noqa: ARG001 - every command has the same shape
    """Write the files and print what is in them; return 0.

    Raises:
        UsageError: when the arguments do not fit together.
        SimulationError: when the folder cannot be written.

    """
    scenario = read_scenario(arguments, today=datetime.now(UTC).date())
    # numpy and pyarrow are only loaded once the arguments are known to be good.
    from watchhouse.simulation.writing import simulate  # noqa: PLC0415

    def progress(written: int) -> None:
        if scenario.chunks > 1 and sys.stderr.isatty():
            _log.info("%s of %s events", f"{written:,}", f"{scenario.events:,}")

    truth = simulate(scenario, arguments.out, progress=progress)
    if arguments.json:
        sys.stdout.write(json.dumps(truth, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(summarise(truth, arguments.out))
    return 0


def read_scenario(arguments: argparse.Namespace, *, today: date) -> Scenario:
    """Return the scenario that the arguments describe.

    Raises:
        UsageError: when they do not fit together, or reach past `today`, as the rules of the
            warehouse would call later events mistakes.

    """
    rates = Rates().clean() if arguments.clean else Rates()
    users = arguments.users
    scenario = Scenario(
        events=arguments.events,
        users=max(arguments.events // _EVENTS_PER_USER, 1) if users is None else users,
        days=arguments.days,
        start=arguments.start_date,
        seed=arguments.seed,
        file_format=arguments.format,
        files=arguments.files if arguments.files is not None else max(min(4, arguments.days), 1),
        event_ids=arguments.event_ids,
        rates=rates,
    )
    if scenario.last_day > today - timedelta(days=_DAYS_BEYOND_THE_LAST):
        message = (
            f"--days {scenario.days} from {scenario.start} reaches to {scenario.last_day}: events "
            f"must lie before today, {today}; give an earlier --start-date or fewer --days"
        )
        raise UsageError(message)
    return scenario


def summarise(truth: dict[str, Any], folder: Path) -> str:
    """Return a few lines for a person: what was written and what must be found in it."""
    counts = {name: f"{value:,}" for name, value in truth.items() if isinstance(value, int)}
    megabytes = sum(file["bytes"] for file in truth["files"]) / 1e6
    return (
        f"{counts['records']} events of {truth['users']['records']:,} users in "
        f"{len(truth['files'])} files, {megabytes:,.1f} MB, and {truth['catalog']['shows']:,} "
        f"shows in {folder}\n"
        f"  landed {counts['landed']} = valid {counts['valid']} + quarantined "
        f"{counts['quarantined']} + duplicates {counts['duplicates']}; "
        f"rejected {counts['rejected']}\n"
        f"  {counts['plays']} plays, {truth['hours_viewed']:,.1f} hours, "
        f"{counts['sessions']} sessions, {counts['binge_sessions']} of them binges\n"
        f"What the warehouse must find is in {folder / 'truth.json'}\n"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is not a day of the form YYYY-MM-DD"
        raise argparse.ArgumentTypeError(message) from error
