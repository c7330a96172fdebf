"""Small files of the ledger become few while events arrive; no file of rows is touched.

A topic makes up to eight batches a second, each a file of the ledger, and everybody who looks for
what is new lists them all. So what has settled is folded, and what was folded is folded once more:

1. Under a lock that no loader, builder or reader takes, the ledger is read once more: what another
   process has folded, or a compaction moved, is known before anything is written.
2. One file with the same entries, each a revision higher, is created whole, under a name that was
   never used: this is the commit. Whoever sees it takes its entries, whoever does not the others,
   which say the same.
3. After a grace period the originals are removed, while no build reads them.

Killed between two steps, the next look finds either nothing done, or originals to be removed.
"""

import itertools
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ingest.compaction.removal import age, remove_files
from watchhouse.errors import LockTimeoutError, WatchhouseError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.locks import builder_lock, file_lock

_LOGGER: Final = logging.getLogger("watchhouse.ingest")

FEW: Final = 500
"""Files of fewer entries are folded once there are so many of them."""
LARGE: Final = 2000
"""Files of so many entries stay as they are: whoever looks next reads a new file at once."""
SETTLED: Final = timedelta(minutes=2)
"""What landed later is not folded: until a release has a batch, each build reads its file."""
GRACE: Final = timedelta(minutes=2)
"""For so long originals stay for who has listed them; nobody is given such a list to keep.

It is twice as long as a loader of topics goes on with what it knows of the ledger (decision 0010):
until it has read the new file, the names of the originals are taken.
"""
_AT_ONCE: Final = 2 * LARGE
"""Entries, and originals, that are seen to between two builds."""


@dataclass(frozen=True)
class Folded:
    """Entries that were written anew, and the files that they were in and are in now."""

    entries: int = 0
    files_before: int = 0
    files_after: int = 0


class Folder:
    """Folds the ledger of one home, of which it has a view that others may use as well."""

    def __init__(self, home: Home, ledger: Ledger, *, few: int = FEW, large: int = LARGE) -> None:
        """Look at nothing yet; `few` files of fewer entries become one, `large` ones stay."""
        self._home = home
        self._ledger = ledger
        self._few = few
        self._large = large

    def fold(self, *, now: datetime, at_most: int | None = None) -> Folded:
        """Fold what landed before the last minutes, wherever there are enough files of it.

        `at_most` so many entries are written, or a few more: the rest is for the next call. Nothing
        is done while another process is at it.

        Raises:
            LakeError: the ledger cannot be read.
            OSError: it cannot be written.
        """
        self._ledger.refresh()
        if next(self._ripe(now), None) is None:
            return Folded()
        with file_lock(self._home.ledger_lock, wait=False) as is_held:
            if not is_held:
                return Folded()
            # Another may have had the lock since.
            self._ledger.refresh()
            entries = files_before = files_after = 0
            for files in list(self._ripe(now)):
                folder = files[0][0].parent
                # Names that no reader looks at, and whose writer is gone: the lock is ours.
                for leftover in folder.glob(".folded-*"):
                    leftover.unlink()
                left = None if at_most is None else max(0, at_most - entries)
                for batch in _pieces(files, self._large, left):
                    self._gather(folder, [entry for _, held in batch for entry in held])
                    entries += sum(len(held) for _, held in batch)
                    files_before += len(batch)
                    files_after += 1
        return Folded(entries, files_before, files_after)

    def remove(self, *, now: datetime, lock_timeout: float, at_most: int | None = None) -> int:
        """Remove originals of what was folded long enough ago; return how many.

        A build reads the files that it has listed: it keeps the builder lock for that long. What
        holds rows that its heir does not is left to the compaction that made it so.

        Raises:
            LockTimeoutError: a builder works; the next call removes them.
            OSError: they cannot be removed.
        """
        due = list(itertools.islice(self._due(now), at_most))
        if due:
            with builder_lock(self._home.builder_lock, timeout=lock_timeout):
                remove_files(due)
            for path in due:
                self._ledger.forget(path)
        return len(due)

    def _ripe(self, now: datetime) -> "Iterator[Files]":
        """Yield the files, folder by folder, that are to become few."""
        small: dict[Path, Files] = {}
        middle: dict[Path, Files] = {}
        until = now - SETTLED
        for path, entries in self._ledger.counting(below=self._large):
            if all(entry.landed_at <= until for entry in entries):
                group = small if len(entries) < self._few else middle
                group.setdefault(path.parent, []).append((path, entries))
        yield from (files for files in small.values() if len(files) >= self._few)
        for files in middle.values():
            if len(files) > 1 and sum(len(entries) for _, entries in files) >= self._large:
                yield files

    def _gather(self, folder: Path, entries: Sequence[Entry]) -> None:
        revision = 1 + max(entry.revision for entry in entries)
        self._ledger.gather(folder, entries, revision=revision)

    def _due(self, now: datetime) -> Iterator[Path]:
        ages: dict[Path, timedelta | None] = {}
        for path, outdated in self._ledger.outdated().items():
            for heir in outdated.heirs - ages.keys():
                ages[heir] = age(heir, now)
            if all(
                (since := ages[heir]) is not None and since >= GRACE for heir in outdated.heirs
            ) and all(self._is_copied(entry) for entry in outdated.entries):
                yield path

    def _is_copied(self, entry: Entry) -> bool:
        found = self._ledger.find(entry.batch_id)
        return found is not None and found.paths == entry.paths


Files = list[tuple[Path, tuple[Entry, ...]]]


def _pieces(files: Files, large: int, at_most: int | None) -> Iterator[Files]:
    """Yield files whose entries become one file, oldest first, and not much more than `at_most`."""
    ordered = sorted(files, key=lambda file: (file[1][0].landed_at, file[0]))
    total = sum(len(entries) for _, entries in ordered)
    # As many files of the size that is kept as there can be: none is left over.
    size = total / max(1, total // large)
    piece: Files = []
    done = count = 0
    for file in ordered:
        if at_most is not None and done >= at_most:
            return
        piece.append(file)
        count += len(file[1])
        if count >= size:
            yield piece
            done, piece, count = done + count, [], 0
    if len(piece) > 1:
        yield piece


class Folding:
    """Folds now and then beside builds, in the process that makes them.

    That process knows the ledger already: reading it anew takes another one longer than all else.
    And it builds nothing while it looks here, so that originals can go without a builder waiting.
    """

    def __init__(self, folder: Folder, *, every: float, now: float) -> None:
        """Begin at once, then every so many seconds from `now`; with a period of 0, never."""
        self._folder = folder
        self._every = every
        self._due = now

    def look(self, now: float, *, wall: datetime) -> None:
        """Fold a little, if it is time; seconds of a clock that only goes forward."""
        if not self._every or now < self._due:
            return
        self._due = now + self._every
        try:
            folded = self._folder.fold(now=wall, at_most=_AT_ONCE)
            removed = self._folder.remove(now=wall, lock_timeout=0, at_most=_AT_ONCE)
        except LockTimeoutError:
            return
        except (WatchhouseError, OSError) as error:
            _LOGGER.warning("the ledger is not folded: %s", error)
            return
        if max(folded.entries, removed) >= _AT_ONCE:
            # There is more of it.
            self._due = now
