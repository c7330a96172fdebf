"""`watchhouse report`: a week of the release as one HTML file, to read or to mail."""

import argparse
import logging
import os
from pathlib import Path

import duckdb

from dashboard.report.page import page
from dashboard.report.reading import read
from dashboard.report.weeks import choose, day_of
from watchhouse.errors import QueryError, one_line
from watchhouse.releases import open_current
from watchhouse.settings import Settings

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--week",
        metavar="WEEK",
        help="2026-W04, or a day in it; default: the last week that is over in the release",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write there; default: report-WEEK.html"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the report; the file leaves this machine, so small groups are never told."""
    first_day = None if arguments.week is None else day_of(arguments.week)
    with open_current(settings.layout()) as release:
        try:
            week = choose(release.cursor(), first_day)
            facts = read(release, week, smallest_group=settings.smallest_group)
        except duckdb.Error as error:
            message = (
                f"release {release.manifest.release_id} cannot answer: {one_line(error)}; "
                "`watchhouse build` publishes one that can"
            )
            raise QueryError(message) from error
    output: Path = arguments.output or Path(f"report-{week.name}.html")
    _write(output, page(facts))
    logger.info("week %s of release %d: %s", week.name, facts.release_id, output)
    return 0


def _write(output: Path, text: str) -> None:
    """Write the file whole or not at all."""
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(output)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"the report cannot be written to {output}: {reason}"
        raise QueryError(message) from error
