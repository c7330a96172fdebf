"""One file, from path to committed batch; the order of everything that can go wrong."""

import contextlib
import itertools
import logging
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from ingest import mappings
from ingest.arranging import Arranger
from ingest.columns import Stream
from ingest.content import Content, Hashing, open_content
from ingest.formats import detect
from ingest.landing import Batch, decide, land, workspace_key
from ingest.mappings import Mapping
from ingest.reading import open_source, read_records
from ingest.records import Records
from ingest.workspace import Workspace
from watchhouse.counts import counted
from watchhouse.errors import LakeError, WatchhouseError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.storage import lake_error

_LOGGER: Final = logging.getLogger("watchhouse.ingest")

_AHEAD_BYTES: Final = 128 * 1024 * 1024
"""Parsed records that may wait for the hash of their file."""
_REJECT_BYTES: Final = 300
"""About what a reject costs in memory, besides its text."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    path: str
    status: Literal["landed", "already_landed", "failed"]
    batch_id: str | None = None
    read_count: int = 0
    rejected_count: int = 0
    landed_count: int = 0
    error: str | None = None


class Loader:
    """Lands files of one stream under one mapping into one home."""

    def __init__(
        self, *, home: Home, stream: Stream, mapping: Mapping, pseudonymiser: Pseudonymiser
    ) -> None:
        """Prepare to land; nothing is read or written yet."""
        self._home = home
        self._stream = stream
        self._mapping = mapping
        self._pseudonymiser = pseudonymiser
        self._ledger = Ledger(home)

    def load(
        self,
        path: Path,
        *,
        now: datetime,
        started: Callable[[int], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Outcome:
        """Land one file, or say why not; only a broken ledger or key raises.

        `started` is told the uncompressed bytes that will be parsed, `progress` those done since
        its last call.
        """
        label = _label(path)
        try:
            content = open_content(path)
            entry, is_new = self._land(content, now=now, started=started, progress=progress)
        except WatchhouseError as error:
            return Outcome(label, "failed", error=str(error))
        except OSError as error:
            return Outcome(label, "failed", error=str(lake_error(error, self._home.root)))
        return Outcome(
            label,
            "landed" if is_new else "already_landed",
            batch_id=entry.batch_id,
            read_count=entry.read_count,
            rejected_count=entry.rejected_count,
            landed_count=entry.landed_count,
        )

    def _land(
        self,
        content: Content,
        *,
        now: datetime,
        started: Callable[[int], None],
        progress: Callable[[int], None],
    ) -> tuple[Entry, bool]:
        stream, mapping, label = self._stream, self._mapping, _label(content.path)
        source = open_source(content, detect(content), mapping=mapping, stream=stream)
        if source.names or source.is_complete:  # An array without elements fits every contract.
            mappings.check(
                source.names, mapping, stream, path=label, is_complete=source.is_complete
            )
        arranger = Arranger(stream, mapping, self._pseudonymiser)
        reading = read_records(source, arranger, label=label, progress=progress)
        reasons: Counter[str] = Counter()
        with Hashing(content) as hashing, contextlib.closing(reading) as blocks:
            records = _noted(blocks, reasons)
            held = _read_ahead(records, hashing)
            digest = hashing.result()
            started(digest.size)
            key = workspace_key(content_hash=digest.content_hash, stream=stream.name)
            workspace = Workspace(self._home, key)
            workspace.acquire(wait=True)
            try:
                self._ledger.refresh()
                decision = decide(
                    self._ledger,
                    content_hash=digest.content_hash,
                    stream=stream.name,
                    mapping=mapping,
                )
                landed = self._ledger.find(decision.batch_id)
                if landed is not None:
                    return landed, False
                workspace.prepare(self._ledger)
                entry = land(
                    itertools.chain(_drained(held), records),
                    Batch(
                        batch_id=decision.batch_id,
                        stream=stream,
                        source=mapping.source,
                        source_kind="file",
                        source_uri=label,
                        content_hash=digest.content_hash,
                        landed_at=now,
                        supersedes=decision.supersedes,
                    ),
                    home=self._home,
                    ledger=self._ledger,
                    workspace=workspace,
                    pseudonymiser=self._pseudonymiser,
                    mapping=lambda: mappings.effective(mapping, stream, source.names),
                    confirm=content.confirm_unchanged,
                )
            finally:
                workspace.release(self._ledger)
            if entry is None:  # The lock was lost, on a disk that several machines share.
                self._ledger.refresh()
                landed = self._ledger.find(decision.batch_id)
                if landed is None:
                    message = f"{label}: the ledger refused it; run the same command again"
                    raise LakeError(message)
                return landed, False
        for problem in mappings.misnamed(source.names, mapping, stream):
            _LOGGER.warning("warning: %s: %s", label, problem)
        if reasons["invalid_utf8"]:
            _LOGGER.warning(
                "warning: %s: not UTF-8 in %s. If the file is in another encoding, convert it, "
                "as by `iconv -f latin1 -t utf-8`, and land the result; what landed now counts "
                "once.",
                label,
                counted(reasons["invalid_utf8"], "record"),
            )
        return entry, True


def _noted(blocks: Iterator[Records], reasons: Counter[str]) -> Iterator[Records]:
    """Count why records are rejected as they pass."""
    for block in blocks:
        reasons.update(rejected.reason_code for rejected in block.rejects)
        yield block


def _read_ahead(records: Iterator[Records], hashing: Hashing) -> deque[Records]:
    """Parse while the hash, which names the batch, is still being computed."""
    held: deque[Records] = deque()
    size = 0
    while size < _AHEAD_BYTES and not hashing.is_done():
        block = next(records, None)
        if block is None:
            break
        held.append(block)
        size += block.table.nbytes + _REJECT_BYTES * len(block.rejects)
    return held


def _drained(held: deque[Records]) -> Iterator[Records]:
    while held:
        yield held.popleft()


def _label(path: Path) -> str:
    """Return the path as text that can be stored: a name need not be UTF-8."""
    return os.fsencode(path).decode(errors="replace")
