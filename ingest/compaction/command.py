"""`watchhouse compact`: many small files of closed days become few large ones."""

import argparse
import json
import logging
import sys
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ingest.compaction.days import WORKSPACE, Compacted, Compactor
from ingest.compaction.folding import Folded, Folder
from ingest.compaction.removal import Removal, remove_originals
from ingest.progress import counter
from ingest.workspace import Workspace
from watchhouse.counts import counted
from watchhouse.errors import LakeError, LockTimeoutError
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.settings import Settings
from watchhouse.storage import lake_error

_LOGGER: Final = logging.getLogger("watchhouse.ingest")


@dataclass(frozen=True)
class Report:
    """What a compaction did; `failed_days` were left as they were, `errors` say why."""

    days: tuple[Compacted, ...]
    failed_days: tuple[date, ...]
    errors: tuple[str, ...]
    removal: Removal
    folded: Folded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse compact`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--before",
        type=_day,
        metavar="DATE",
        help="compact what landed on days before this one, UTC (default: today)",
    )
    which.add_argument("--all", action="store_true", help="compact what landed today as well")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no date like 2026-11-23"
        raise argparse.ArgumentTypeError(message) from error


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Compact closed days; 0 if nothing is left to compact, 1 if a day could not be."""
    now = datetime.now(UTC)
    before = date.max if arguments.all else arguments.before or now.date()
    report = compact(settings, before=before, now=now)
    if arguments.json:
        sys.stdout.write(json.dumps(_summary(report)) + "\n")
    return 1 if report.errors else 0


def compact(settings: Settings, *, before: date, now: datetime) -> Report:
    """Compact what landed on days before `before`, and remove originals that are old enough.

    Raises:
        LakeError: the ledger cannot be read, the lake not be written, or another compaction works.
    """
    home = settings.layout()
    try:
        return _compact(home, settings, before, now)
    except OSError as error:
        raise lake_error(error, home.root, "nothing more was compacted") from error


def _compact(home: Home, settings: Settings, before: date, now: datetime) -> Report:
    ledger = Ledger(home)
    ledger.refresh()
    if not len(ledger):
        _LOGGER.info("nothing has landed in %s: nothing to compact", home.root)
        return Report((), (), (), Removal(), Folded())
    workspace = Workspace(home, WORKSPACE)
    if not workspace.acquire(wait=False):
        message = f"another compaction works in {home.root}; let it end, then run the same again"
        raise LakeError(message)
    done: list[Compacted] = []
    failed: dict[date, str] = {}
    try:
        compactor = Compactor(home, ledger, workspace)
        for day in compactor.days(before=before):
            try:
                with counter(f"compacting {day}") as shown:
                    compacted = compactor.compact(
                        day, started=shown.started, advanced=shown.advanced
                    )
            except LakeError as error:
                _LOGGER.error("error: %s", error)  # noqa: TRY400 - no traceback
                failed[day] = str(error)
                continue
            if compacted is not None:
                _say(compacted)
                done.append(compacted)
        folder = Folder(home, ledger)
        folded = folder.fold(now=now)
        removal = Removal()
        try:
            removed = folder.remove(now=now, lock_timeout=settings.lock_timeout)
            removal = remove_originals(
                home,
                ledger,
                now=now,
                grace=timedelta(seconds=settings.compaction_grace),
                lock_timeout=settings.lock_timeout,
            )
            removal = replace(removal, removed=removal.removed + removed)
        except LockTimeoutError as error:
            _LOGGER.warning("originals stay until the next compaction: %s", error)
    finally:
        workspace.release(ledger)
    _conclude(done, folded, removal, settings)
    return Report(tuple(done), tuple(failed), tuple(failed.values()), removal, folded)


def _say(day: Compacted) -> None:
    _LOGGER.info(
        "%s: %s with %s: %s are now %d, and %s of the ledger 1",
        day.day,
        counted(day.batch_count, "batch"),
        counted(day.row_count, "row"),
        counted(day.files_before, "file"),
        day.files_after,
        counted(day.ledger_files_before, "file"),
    )


def _conclude(done: list[Compacted], folded: Folded, removal: Removal, settings: Settings) -> None:
    if folded.entries:
        _LOGGER.info(
            "%s of the ledger of open days are now %d",
            counted(folded.files_before, "file"),
            folded.files_after,
        )
    elif not done:
        _LOGGER.info("nothing new to compact")
    if removal.removed:
        _LOGGER.info("removed %s", counted(removal.removed, "original"))
    if removal.waiting:
        _LOGGER.info(
            "for those who read them, %s stay; a compaction in more than %g s removes what is old",
            counted(removal.waiting, "original"),
            settings.compaction_grace,
        )


def _summary(report: Report) -> dict[str, object]:
    return {
        "days": [{**asdict(day), "day": day.day.isoformat()} for day in report.days],
        "failed_days": [day.isoformat() for day in report.failed_days],
        "errors": list(report.errors),
        "folded_ledger_files": report.folded.files_before,
        "removed_files": report.removal.removed,
        "waiting_files": report.removal.waiting,
    }
