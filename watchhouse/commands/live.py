"""`watchhouse live`: what landed since the current release, provisional."""

import argparse
import json
import logging
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from watchhouse.counts import counted
from watchhouse.errors import UsageError
from watchhouse.live import Live, LiveTail
from watchhouse.settings import Settings

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="only plays that began within the last N minutes (default: all since the release)",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the tail."""
    minutes: float | None = arguments.minutes
    if minutes is not None and not 0 < minutes < float("inf"):
        message = f"--minutes {minutes}: give a number above 0"
        raise UsageError(message)
    live = Live(settings.layout())
    try:
        tail = live.read(now=datetime.now(UTC), minutes=minutes)
    finally:
        live.close()
    if arguments.json:
        sys.stdout.write(json.dumps(asdict(tail), default=_text, indent=2) + "\n")
        return 0
    for line in _lines(tail, minutes):
        sys.stdout.write(line + "\n")
    return 0


def _lines(tail: LiveTail, minutes: float | None) -> list[str]:
    began = "" if minutes is None else f" that began within {minutes:g} minutes"
    landed = f"{counted(tail.landed_count, 'event')} in {counted(tail.batch_count, 'batch')}"
    set_aside = f"{tail.quarantined_count:,} set aside, {tail.duplicate_count:,} repeated"
    watched = f"{tail.hours_viewed:,.1f} hours, {counted(tail.user_count, 'user')}"
    marts = " (core marts)" if tail.selection == "core" else ""
    lines = [
        f"Provisional: landed since release {tail.release_id}{marts}, not yet built",
        f"  {landed}, {set_aside}",
        f"  {counted(tail.play_count, 'play')}{began}, {watched}",
    ]
    if tail.unread_batch_count:
        lines.append(f"  {tail.unread_batch_count:,} more batches can only be read by a build")
    lines += [
        f"    {show.hours_viewed:10,.1f} h  {show.play_count:8,} plays  {show.show_name}"
        for show in tail.top_shows
    ]
    return lines


def _text(value: Any) -> str:  # noqa: ANN401 - whatever JSON has no form for: times
    return str(value.isoformat())
