"""One closed day of the lake, from many files to few; the order of everything that can go wrong.

1. Rows are copied into parts that nobody looks at, in a locked workspace.
2. The parts are moved to their places; the workspace's intent says which, so that the next loader
   or compaction removes them if there is no third step.
3. One ledger file is created with a newer entry for each batch of the day: this is the commit.
4. After the grace period the originals are removed, the rows first and then the entries.

A reader that finds the new ledger file takes all batches from it, one that does not takes none.
"""

import itertools
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from ingest.compaction.merging import Merged, Merger
from ingest.compaction.planning import FOLDER, REJECTS, Merge, plan
from ingest.expiry import holding_rejects
from ingest.workspace import Workspace
from watchhouse.errors import LakeError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger, StoredFile, superseded
from watchhouse.locks import file_lock

WORKSPACE: Final = "compaction"


@dataclass(frozen=True)
class Compacted:
    """What became of a day: files of rows and rejects, and of the ledger, before and after."""

    day: date
    batch_count: int
    row_count: int
    files_before: int
    files_after: int
    ledger_files_before: int


class Compactor:
    """Compacts the days of one home; one process at a time, which holds the workspace."""

    def __init__(self, home: Home, ledger: Ledger, workspace: Workspace) -> None:
        """Look at nothing yet; `workspace` is held."""
        self._home = home
        self._ledger = ledger
        self._workspace = workspace
        self._row_numbers = itertools.count()
        self._reject_numbers = itertools.count()

    def days(self, *, before: date) -> list[date]:
        """Return the days that have batches, oldest first."""
        return sorted({e.ingest_date for e in self._ledger.entries() if e.ingest_date < before})

    def compact(
        self,
        day: date,
        *,
        started: Callable[[int], None] = lambda _: None,
        advanced: Callable[[int], None] = lambda _: None,
    ) -> Compacted | None:
        """Compact a day; None if that would change nothing.

        `started` is told how many files there are to copy, `advanced` of those that are done.

        Raises:
            LakeError: a file is missing or damaged; nothing of the day was changed.
            OSError: the lake cannot be written; nothing of the day was changed.
        """
        self._ledger.refresh()
        entries = [entry for entry in self._ledger.entries() if entry.ingest_date == day]
        folder = f"ingest_date={day.isoformat()}"
        ledger_files = sum(path.parent.name == folder for path, _ in self._ledger.counting())
        merges = plan(entries, gone=superseded(self._ledger.entries()), root=self._home.root)
        if not merges and ledger_files == 1:
            return None
        self._prepare()
        started(sum(len(merge.sources) for merge in merges))
        with ExitStack() as stack:
            if any(merge.stream == REJECTS for merge in merges):
                stack.enter_context(holding_rejects(self._home, wait=True))
            merged = [self._merge(merge, advanced) for merge in merges]
            written = self._publish(day, merges, merged)
            for leftover in self._home.ledger.glob(f"{folder}/.folded-*"):
                leftover.unlink()
            # What was folded meanwhile has a higher revision: these entries are to be above it.
            stack.enter_context(file_lock(self._home.ledger_lock, wait=True))
            self._ledger.refresh()
            revision = 1 + max(self._revision(entry) for entry in entries)
            renewed = self._renewed(entries, merges, written, revision)
            _require_conserved(entries, renewed)
            if not self._ledger.fold(day, renewed):
                raise LakeError(self._disturbed(day))
        return Compacted(
            day,
            batch_count=len(entries),
            row_count=sum(entry.landed_count for entry in entries),
            files_before=_file_count(entries),
            files_after=_file_count(renewed),
            ledger_files_before=ledger_files,
        )

    def _prepare(self) -> None:
        """Undo what a compaction that died has left, and make room."""
        self._workspace.prepare(self._ledger)
        # Names that no reader looks at, and whose writer is gone: the workspace is ours.
        for leftover in self._home.ledger.glob("*/.compacted-*"):
            leftover.unlink()
        self._row_numbers = itertools.count()
        self._reject_numbers = itertools.count()

    def _merge(self, merge: Merge, advanced: Callable[[int], None]) -> Merged:
        merger = (
            Merger(self._workspace.rejects, self._reject_numbers, mode=0o600)
            if merge.stream == REJECTS
            else Merger(self._workspace.rows, self._row_numbers)
        )
        return merger.merge(merge.sources, only=merge.only, advanced=advanced)

    def _publish(
        self, day: date, merges: Sequence[Merge], merged: Sequence[Merged]
    ) -> list[dict[str, list[StoredFile]]]:
        """Move the parts to their places; return what each merge has of each batch."""
        name = f"{FOLDER}{secrets.token_hex(8)}"
        moves = [
            (part, self._home.raw / merge.stream / f"ingest_date={day.isoformat()}" / name, rows)
            for merge, done in zip(merges, merged, strict=True)
            for part, rows in done.parts
        ]
        stored = dict(
            zip(
                (part for part, _, _ in moves),
                self._workspace.publish(batch_id=None, moves=moves),
                strict=True,
            )
        )
        written = []
        for done in merged:
            held: dict[str, list[StoredFile]] = {}
            for part, counts in sorted(done.rows.items()):
                for batch_id, rows in counts.items():
                    held.setdefault(batch_id, []).append(replace(stored[part], rows=rows))
            written.append(held)
        return written

    def _revision(self, entry: Entry) -> int:
        """Return the present revision of an entry; all else of it must be as it was."""
        found = self._ledger.find(entry.batch_id)
        if found is None or replace(found, revision=entry.revision) != entry:
            raise LakeError(self._disturbed(entry.ingest_date))
        return found.revision

    def _disturbed(self, day: date) -> str:
        return (
            f"{self._home.ledger}: another compaction has been at {day}; run the same command again"
        )

    def _renewed(
        self,
        entries: Sequence[Entry],
        merges: Sequence[Merge],
        written: Sequence[dict[str, list[StoredFile]]],
        revision: int,
    ) -> list[Entry]:
        renewed = []
        for entry in entries:
            files, reject_files = list(entry.files), list(entry.reject_files)
            for merge, held in zip(merges, written, strict=True):
                if entry.batch_id in merge.only:
                    own = reject_files if merge.stream == REJECTS else files
                    gone = {source.path for source in merge.sources}
                    kept = [f for f in own if self._home.root / f.path not in gone]
                    own[:] = [*kept, *held.get(entry.batch_id, ())]
            renewed.append(
                replace(
                    entry, files=tuple(files), reject_files=tuple(reject_files), revision=revision
                )
            )
        return renewed


def _require_conserved(before: Sequence[Entry], after: Sequence[Entry]) -> None:
    """Make sure that each batch has the rows and rejects that it had."""
    for old, new in zip(before, after, strict=True):
        if _rows(old.files) != _rows(new.files) or _rows(old.reject_files) != _rows(
            new.reject_files
        ):
            message = (
                f"batch {old.batch_id} would not have the rows that it had; nothing of its day was "
                "compacted"
            )
            raise LakeError(message)


def _rows(files: Sequence[StoredFile]) -> int:
    return sum(stored.rows for stored in files)


def _file_count(entries: Sequence[Entry]) -> int:
    return len(frozenset[str]().union(*(entry.paths for entry in entries)))
