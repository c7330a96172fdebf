"""Landing: records become one batch of the raw lake, whole or not at all."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ingest.columns import Stream
from ingest.mappings import Mapping
from ingest.parts import BatchWriter
from ingest.records import Records
from ingest.stamping import Provenance, Stamper
from ingest.workspace import Workspace
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Batch:
    """What a batch is, before its records are known."""

    batch_id: str
    stream: Stream
    source: str
    source_kind: str
    source_uri: str
    content_hash: str
    landed_at: datetime
    supersedes: tuple[str, ...] = ()
    replay_of: str | None = None
    received_at: datetime | None = None
    """When its records first landed, which their rows keep; None if they land for the first time.
    """


@dataclass(frozen=True)
class Decision:
    """Whether content is to be landed: as which batch, in place of which, or that it was."""

    batch_id: str
    supersedes: tuple[str, ...]
    is_landed: bool


def decide(ledger: Ledger, *, content_hash: str, stream: str, mapping: Mapping) -> Decision:
    """Compare content and mapping with what the ledger holds.

    The id of a batch is a hash of content, stream and mapping. A mapping that was superseded and
    is used again makes a new batch, whose id also depends on the one that it supersedes. A batch
    that was replayed is landed: the same content again does not undo the replay.
    """
    own = _digest({"content": content_hash, "stream": stream, "mapping": mapping.identity()})
    current = ledger.effective(content_hash=content_hash, stream=stream)
    for entry in current:
        first = first_landing(ledger, entry)
        if first.batch_id == own or any(
            first.batch_id == _digest({"batch": own, "after": old}) for old in first.supersedes
        ):
            return Decision(entry.batch_id, (), is_landed=True)
    supersedes = tuple(entry.batch_id for entry in current)
    if ledger.find(own) is not None and supersedes:
        return Decision(
            _digest({"batch": own, "after": supersedes[-1]}), supersedes, is_landed=False
        )
    return Decision(own, supersedes, is_landed=False)


def first_landing(ledger: Ledger, entry: Entry) -> Entry:
    """Return the batch that a replay goes back to: it stands for that one."""
    while entry.replay_of is not None:
        before = ledger.find(entry.replay_of)
        if before is None:
            break
        entry = before
    return entry


def replay_id(batch_id: str, mapping: Mapping | None) -> str:
    """Return the id of the batch that replays another, under a mapping or its own."""
    return _digest({"replay": batch_id, "mapping": mapping.identity() if mapping else None})


def workspace_key(*, content_hash: str, stream: str) -> str:
    """Return the key under which one content is landed by one loader at a time."""
    return _digest({"content": content_hash, "stream": stream})


def _digest(values: dict[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def land(  # noqa: PLR0913 - a batch has as many parts, all by name
    records: Iterable[Records],
    batch: Batch,
    *,
    home: Home,
    ledger: Ledger,
    workspace: Workspace,
    pseudonymiser: Pseudonymiser | None,
    mapping: Callable[[], dict[str, Any]],
    confirm: Callable[[], None] = lambda: None,
    commit: Callable[[Entry], bool] | None = None,
    kafka: Callable[[], dict[str, Any]] | None = None,
) -> Entry | None:
    """Write `records` as one batch and commit it.

    `workspace` is held and prepared. Without a pseudonymiser the identifiers in `records` already
    are pseudonyms. `mapping` (its effective form, for the ledger) and `confirm` (a last chance to
    refuse, by an exception) are called when all records have been read, as is `kafka`. `commit` is
    that of the ledger unless given. Returns None if the ledger names the batch already: then this
    one counts for nothing.

    Raises:
        OSError: the lake cannot be written; nothing counts, and what was written is removed when
            the workspace is released.
    """
    provenance = Provenance(
        batch_id=batch.batch_id,
        source=batch.source,
        source_kind=batch.source_kind,
        source_uri=batch.source_uri,
        landed_at=batch.received_at or batch.landed_at,
    )
    writer = BatchWriter(
        rows=workspace.rows,
        rejects=workspace.rejects,
        stamper=Stamper(batch.stream, provenance, pseudonymiser),
        stream=batch.stream.name,
        provenance=provenance,
    )
    try:
        for block in records:
            writer.write(block)
        confirm()
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    day = f"ingest_date={batch.landed_at.astimezone(UTC).date().isoformat()}"
    own = f"batch={batch.batch_id}"
    places: list[tuple[Path, Path, int]] = [
        (part, home.raw / batch.stream.name / day / own, count) for part, count in writer.row_parts
    ]
    places += [(part, home.rejects / day / own, count) for part, count in writer.reject_parts]
    stored = workspace.publish(batch_id=batch.batch_id, moves=places)
    entry = Entry(
        batch_id=batch.batch_id,
        stream=batch.stream.name,
        source=batch.source,
        source_kind=batch.source_kind,
        source_uri=batch.source_uri,
        landed_at=batch.landed_at,
        content_hash=batch.content_hash,
        mapping=mapping(),
        read_count=writer.landed_count + writer.rejected_count,
        rejected_count=writer.rejected_count,
        landed_count=writer.landed_count,
        supersedes=batch.supersedes,
        files=stored[: len(writer.row_parts)],
        reject_files=stored[len(writer.row_parts) :],
        kafka=None if kafka is None else kafka(),
        replay_of=batch.replay_of,
    )
    return entry if (commit or ledger.commit)(entry) else None
