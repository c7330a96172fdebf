"""Originals of what was compacted are removed once nobody can still be reading them."""

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.locks import builder_lock
from watchhouse.storage import sync

_PIECE: Final = 2000
"""Files that are removed while builders wait."""
_PAUSE_SECONDS: Final = 0.3
"""Longer than it takes a builder that waits to see that the lock is free."""


@dataclass(frozen=True)
class Removal:
    """Files of rows, rejects and the ledger that are gone, and that wait for the grace period."""

    removed: int = 0
    waiting: int = 0


def remove_originals(
    home: Home, ledger: Ledger, *, now: datetime, grace: timedelta, lock_timeout: float
) -> Removal:
    """Remove what the newest entries do not need, if they are older than `grace`.

    The builder lock is held while some are removed: a build reads files, by the ledger as it was
    at its beginning, for as long as it lasts. One that begins between two pieces knows better.

    Raises:
        LockTimeoutError: a builder works; the next compaction removes them.
        OSError: they cannot be removed.
    """
    # What was folded since: an heir may have an heir of its own.
    ledger.refresh()
    outdated = ledger.outdated()
    due = {
        path
        for path, files in outdated.items()
        if all((since := age(heir, now)) is not None and since >= grace for heir in files.heirs)
    }
    waiting = [path for path in outdated if path not in due]
    younger = _paths(entry for path in waiting for entry in outdated[path].entries)
    needed = _paths(ledger.entries())
    waiting_count = len(waiting) + len(younger - needed)
    if not due:
        return Removal(waiting=waiting_count)
    gone = _paths(entry for path in due for entry in outdated[path].entries) - needed - younger
    # Files of the ledger last: until then they tell the next compaction what to remove.
    paths = [*sorted(home.root / path for path in gone), *sorted(due)]
    for start in range(0, len(paths), _PIECE):
        if start:
            time.sleep(_PAUSE_SECONDS)  # A builder that waits has its turn.
        with builder_lock(home.builder_lock, timeout=lock_timeout):
            remove_files(paths[start : start + _PIECE])
    for path in due:
        ledger.forget(path)
    return Removal(len(gone) + len(due), waiting_count)


def _paths(entries: Iterable[Entry]) -> frozenset[str]:
    return frozenset[str]().union(*(entry.paths for entry in entries))


def age(path: Path, now: datetime) -> timedelta | None:
    """Return how old a file is; None if it is gone, so that its entries are in another."""
    try:
        return timedelta(seconds=now.timestamp() - path.stat().st_mtime)
    except FileNotFoundError:
        return None


def remove_files(files: Iterable[Path]) -> None:
    """Remove files and the folders of batches that are empty then, and make that last."""
    folders = set()
    for path in files:
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # Unless other files are in it.
        folders.add(path.parent if path.parent.exists() else path.parent.parent)
    for folder in folders:
        if folder.exists():
            sync(folder)
