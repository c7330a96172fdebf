"""`watchhouse ingest`: land files in the raw lake."""

import argparse
import gc
import json
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ingest.columns import STREAMS
from ingest.discovery import find_files
from ingest.draining import Drainer
from ingest.loading import Loader, Outcome
from ingest.mappings import Mapping, load_mapping
from ingest.preparing import prepare
from ingest.progress import meter
from watchhouse.counts import counted
from watchhouse.errors import UsageError
from watchhouse.layout import Home
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings

_LOGGER: Final = logging.getLogger("watchhouse.ingest")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse ingest`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="file, folder or glob")
    parser.add_argument(
        "--spool", action="store_true", help="land what the HTTP intake has accepted"
    )
    parser.add_argument(
        "--stream", choices=sorted(STREAMS), default="watch_events", help="kind of records"
    )
    parser.add_argument("--mapping", type=Path, metavar="FILE", help="YAML that maps column names")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Land every file; 0 if all of them are in the lake, 1 if any is not."""
    home = settings.layout()
    if arguments.spool == bool(arguments.paths):
        message = "name files to land, or --spool for what the HTTP intake has accepted"
        raise UsageError(message)
    if arguments.spool:
        return _drain(home, settings, as_json=arguments.json)
    stream = STREAMS[arguments.stream]
    mapping = load_mapping(arguments.mapping, stream) if arguments.mapping else Mapping()
    files = find_files(arguments.paths, home)
    if not files:
        _LOGGER.error("error: no files to land in %s", " ".join(arguments.paths))
        return 1
    # What was imported lives as long as the process: no need to look at it for garbage again.
    gc.freeze()
    key = _prepare(home, settings)
    loader = Loader(home=home, stream=stream, mapping=mapping, pseudonymiser=Pseudonymiser(key))
    outcomes = []
    for path in files:
        begun = time.perf_counter()
        with meter(path) as shown:
            outcome = loader.load(
                path, now=datetime.now(UTC), started=shown.started, progress=shown.advanced
            )
        seconds = time.perf_counter() - begun
        outcomes.append((outcome, seconds))
        _say(outcome, seconds)
    if arguments.json:
        sys.stdout.write(json.dumps(_summary(outcomes), ensure_ascii=False) + "\n")
    return 1 if any(outcome.status == "failed" for outcome, _ in outcomes) else 0


def _drain(home: Home, settings: Settings, *, as_json: bool) -> int:
    """Land the segments of the spool; 0 if none is left but those that others are landing."""
    _prepare(home, settings)
    drained = Drainer(home).drain(now=datetime.now(UTC))
    _LOGGER.info(
        "HTTP spool: landed %s of %s, %d rejected",
        counted(drained.landed_count, "event"),
        counted(drained.segment_count, "segment"),
        drained.rejected_count,
    )
    if as_json:
        sys.stdout.write(json.dumps(asdict(drained)) + "\n")
    return 1 if drained.failed_count else 0


def _prepare(home: Home, settings: Settings) -> bytes:
    """Clean up after earlier runs and say so; return the pseudonym key."""
    key, swept = prepare(home, settings)
    if swept:
        _LOGGER.info("removed what %s had left", counted(swept, "interrupted landing"))
    return key


def _say(outcome: Outcome, seconds: float) -> None:
    if outcome.status == "failed":
        _LOGGER.error("error: %s", outcome.error)
    elif outcome.status == "already_landed":
        _LOGGER.info("%s: already landed as batch %s", outcome.path, outcome.batch_id)
    else:
        _LOGGER.info(
            "%s: landed %d of %s, %d rejected, as batch %s in %.1f s",
            outcome.path,
            outcome.landed_count,
            counted(outcome.read_count, "record"),
            outcome.rejected_count,
            outcome.batch_id,
            seconds,
        )


def _summary(outcomes: Sequence[tuple[Outcome, float]]) -> dict[str, Any]:
    files = [
        {
            "path": outcome.path,
            "status": outcome.status,
            "batch_id": outcome.batch_id,
            "read": outcome.read_count,
            "rejected": outcome.rejected_count,
            "landed": outcome.landed_count,
            "seconds": round(seconds, 3),
            "error": outcome.error,
        }
        for outcome, seconds in outcomes
    ]
    landed = [outcome for outcome, _ in outcomes if outcome.status == "landed"]
    totals = {
        "files": len(files),
        "landed_files": len(landed),
        "already_landed_files": sum(o.status == "already_landed" for o, _ in outcomes),
        "failed_files": sum(o.status == "failed" for o, _ in outcomes),
        "read": sum(outcome.read_count for outcome in landed),
        "rejected": sum(outcome.rejected_count for outcome in landed),
        "landed": sum(outcome.landed_count for outcome in landed),
        "seconds": round(sum(seconds for _, seconds in outcomes), 3),
    }
    return {"totals": totals, "files": files}
