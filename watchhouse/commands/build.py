"""`watchhouse build`: build and test the models on what has landed, then publish a release."""

import argparse
import json
import logging
import sys
from typing import Any

from watchhouse.counts import counted
from watchhouse.errors import BuildError
from watchhouse.settings import Settings
from watchhouse.warehouse import Outcome, Warehouse

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--full-refresh", action="store_true", help="make every table anew from the raw lake"
    )
    add_common_arguments(parser)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what building and publishing have in common."""
    parser.add_argument(
        "--lock-timeout",
        type=_seconds,
        metavar="SECONDS",
        help="how long to wait for another builder (default: WATCHHOUSE_LOCK_TIMEOUT or 300)",
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Build and publish; say what was done."""
    warehouse = Warehouse(with_lock_timeout(arguments, settings))
    try:
        outcome = warehouse.build(full_refresh=arguments.full_refresh)
    except BuildError as error:
        if arguments.json:
            write_json({"outcome": "failed", "error": str(error)})
        raise
    if outcome.report is None:
        release = outcome.manifest.release_id
        logger.info("nothing new to build: release %d holds every landed batch", release)
    else:
        report = outcome.report
        logger.info(
            "built %d models, passed %d tests%s in %.1f s",
            report.model_count,
            report.test_count,
            f" ({len(report.warnings)} with warnings)" if report.warnings else "",
            report.seconds,
        )
        for warning in report.warnings:
            logger.info("warning: %s", warning)
        logger.info("%s", published_line(outcome))
    if arguments.json:
        write_json(document(outcome))
    return 0


def with_lock_timeout(arguments: argparse.Namespace, settings: Settings) -> Settings:
    """Return the settings as the command line changes them."""
    if arguments.lock_timeout is None:
        return settings
    return settings.model_copy(update={"lock_timeout": arguments.lock_timeout})


def published_line(outcome: Outcome) -> str:
    """Say which release is out, in one line."""
    manifest = outcome.manifest
    as_of = manifest.data_as_of
    upto = f"data up to {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "no plays yet"
    return (
        f"published release {manifest.release_id}: {counted(manifest.batch_count, 'batch')}, {upto}"
    )


def document(outcome: Outcome) -> dict[str, Any]:
    """Return what was done, for `--json`."""
    manifest = outcome.manifest
    report = outcome.report
    return {
        "outcome": "published" if outcome.is_new else "nothing new",
        "release": manifest.release_id,
        "published_at": manifest.published_at.isoformat(),
        "data_as_of": manifest.data_as_of.isoformat() if manifest.data_as_of else None,
        "code_version": manifest.code_version,
        "selection": manifest.selection,
        "batch_count": manifest.batch_count,
        "full_refresh": report.full_refresh if report else None,
        "model_count": report.model_count if report else None,
        "test_count": report.test_count if report else None,
        "warnings": list(report.warnings) if report else [],
        "build_seconds": round(report.seconds, 3) if report else None,
        "marts": {name: mart.row_count for name, mart in manifest.marts.items()},
    }


def write_json(value: dict[str, Any]) -> None:
    """Write the command's product."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        message = f"{text} is not a number of seconds"
        raise argparse.ArgumentTypeError(message)
    return value
