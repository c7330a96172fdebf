"""The HTTP spool into the raw lake: each sealed segment becomes one batch, exactly once.

The batch is named after the segment, so whoever finds the segment again finds it landed. A segment
is removed while its workspace is still held: nobody comes in between.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ingest import mappings
from ingest.arranging import Arranger
from ingest.columns import STREAMS
from ingest.content import open_content
from ingest.jsonlines import JsonRecords
from ingest.landing import Batch, land
from ingest.mappings import Mapping
from ingest.reading import read_records
from ingest.workspace import Workspace
from watchhouse.errors import InputFileError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.spool import Segment, seal_abandoned, sealed_segments
from watchhouse.storage import lake_error

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_AT_ONCE: Final = 64
"""Segments claimed together: the ledger is looked at once for all of them."""


@dataclass(frozen=True)
class Drained:
    """What one look at the spool did; `segment_count` were there for the taking."""

    segment_count: int = 0
    landed_count: int = 0
    rejected_count: int = 0
    failed_count: int = 0

    def __add__(self, other: "Drained") -> "Drained":
        """Return both together."""
        return Drained(
            self.segment_count + other.segment_count,
            self.landed_count + other.landed_count,
            self.rejected_count + other.rejected_count,
            self.failed_count + other.failed_count,
        )


class Drainer:
    """Empties the spool of one home. Any number may work at once; keep one to drain repeatedly."""

    def __init__(self, home: Home) -> None:
        """Touch nothing yet."""
        self._home = home
        self._ledger = Ledger(home)
        self._damaged: set[str] = set()

    def drain(self, *, now: datetime) -> Drained:
        """Land every segment that is sealed and that nobody else is landing.

        A segment that cannot be read is left where it is, said once, and counted as failed.

        Raises:
            LakeError: the lake, its ledger or the spool cannot be read or written.
        """
        folder = self._home.http_spool
        try:
            seal_abandoned(folder)
            segments = [s for s in sealed_segments(folder) if s.segment_id not in self._damaged]
            drained = Drained(failed_count=len(self._damaged))
            for start in range(0, len(segments), _AT_ONCE):
                drained += self._drain(segments[start : start + _AT_ONCE], now)
        except OSError as error:
            raise lake_error(error, self._home.root) from error
        return drained

    def _drain(self, segments: Sequence[Segment], now: datetime) -> Drained:
        claimed: list[tuple[Segment, Workspace]] = []
        drained = Drained()
        try:
            for segment in segments:
                workspace = Workspace(self._home, _batch_id(segment))
                if workspace.acquire(wait=False):
                    claimed.append((segment, workspace))
            # Only now: what others have landed until they let go of it is in the ledger.
            self._ledger.refresh()
            for segment, workspace in claimed:
                drained += self._land_once(segment, workspace, now)
        finally:
            for _, workspace in claimed:
                workspace.release(self._ledger)
        return drained

    def _land_once(self, segment: Segment, workspace: Workspace, now: datetime) -> Drained:
        if not segment.path.exists():
            return Drained()  # Another drainer was done with it before we had the lock.
        workspace.prepare(self._ledger)
        if self._ledger.find(_batch_id(segment)) is not None:
            segment.path.unlink()
            return Drained(1)
        try:
            entry = self._land(segment, workspace, now)
        except InputFileError as error:
            _LOGGER.error("error: %s", error)  # noqa: TRY400 - no traceback
            self._damaged.add(segment.segment_id)
            return Drained(1, failed_count=1)
        segment.path.unlink()
        if entry is None:
            return Drained(1)  # Another drainer, whose lock was swept, had committed it.
        return Drained(1, entry.landed_count, entry.rejected_count)

    def _land(self, segment: Segment, workspace: Workspace, now: datetime) -> Entry | None:
        stream, mapping = STREAMS["watch_events"], Mapping()
        label = f"http:{segment.segment_id}"
        content = open_content(segment.path)
        source = JsonRecords(content, is_array=False)
        arranger = Arranger(stream, mapping, None)
        batch_id = _batch_id(segment)
        records = read_records(source, arranger, label=label, progress=lambda _: None)
        try:
            return land(
                records,
                Batch(
                    batch_id=batch_id,
                    stream=stream,
                    source=mapping.source,
                    source_kind="http",
                    source_uri=label,
                    content_hash=batch_id,
                    landed_at=now,
                ),
                home=self._home,
                ledger=self._ledger,
                workspace=workspace,
                pseudonymiser=None,
                mapping=lambda: mappings.effective(mapping, stream, source.names),
                confirm=content.confirm_unchanged,
            )
        finally:
            records.close()


def _batch_id(segment: Segment) -> str:
    return hashlib.sha256(segment.segment_id.encode()).hexdigest()[:32]
