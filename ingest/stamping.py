"""Provenance on every row, and pseudonyms in place of identifiers."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.columns import EXTRAS, Stream
from ingest.records import Records, Reject
from ingest.tables import as_plain, as_text, integers
from watchhouse.pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    import pyarrow as pa

_REMEMBERED: Final = 300_000
"""Pseudonyms kept at hand, some 20 MB; beyond, the memory starts afresh."""


@dataclass(frozen=True)
class Provenance:
    """Where the rows of a batch come from; the same on each of them but for the position."""

    batch_id: str
    source: str
    source_kind: str
    source_uri: str
    landed_at: datetime


class Memory:
    """Pseudonyms already computed, so that an identifier is hashed once and not per row."""

    def __init__(self, pseudonymiser: Pseudonymiser) -> None:
        """Start with nothing remembered."""
        self._pseudonymiser = pseudonymiser
        self._lock = threading.Lock()
        self._known: tuple[pa.StringArray, pa.StringArray] | None = None

    def encode(
        self, chunks: "Sequence[pa.StringArray]"
    ) -> "tuple[list[pa.Int32Array], pa.StringArray]":
        """Return indexes, in order, and the pseudonyms that they point to.

        The pseudonym of a blank identifier is null. Some may be pointed to by nothing.
        """
        import pyarrow as pa  # noqa: PLC0415

        with self._lock:
            if self._known is None or len(self._known[0]) > _REMEMBERED:
                self._known = (pa.array([], pa.string()), pa.array([], pa.string()))
            known, hashed = self._known
            # What is known comes first, so its numbers are those of its pseudonyms: one hash
            # table finds both what repeats and what is new.
            encoded = pa.chunked_array([known, *chunks], pa.string()).dictionary_encode()
            dictionary = encoded.chunk(0).dictionary
            new = self._pseudonymiser.pseudonyms(dictionary.slice(len(known)).to_pylist())
            hashed = pa.concat_arrays([hashed, pa.array(new, pa.string())])
            kept = hashed.is_valid()
            self._known = (
                (dictionary, hashed)
                if hashed.null_count == 0
                else (dictionary.filter(kept), hashed.filter(kept))
            )
        return [chunk.indices for chunk in encoded.slice(len(known)).chunks], hashed


def pseudonymised(column: "pa.ChunkedArray", memory: Memory) -> "pa.ChunkedArray":
    """Return a text column with each identifier replaced, dictionary-encoded."""
    import pyarrow as pa  # noqa: PLC0415

    if column.null_count == len(column):
        return as_text(column)
    if pa.types.is_dictionary(column.type):
        chunks = column.unify_dictionaries().chunks
        (indexes,), hashed = memory.encode([chunks[0].dictionary])
        indices = [chunk.indices for chunk in chunks]
        dictionary = hashed.take(indexes)
    else:
        indices, dictionary = memory.encode(column.chunks)
    replaced = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(index, dictionary) for index in indices]
    )
    if dictionary.null_count:
        # A blank identifier is no identifier: the row, not the dictionary, holds the null.
        replaced = replaced.cast(pa.string()).dictionary_encode()
    return replaced


class Stamper:
    """Makes rows of the lake from records."""

    def __init__(
        self, stream: Stream, provenance: Provenance, pseudonymiser: Pseudonymiser | None
    ) -> None:
        """Stamp rows of one batch; without a pseudonymiser the identifiers are already hashed."""
        self._stream = stream
        self._provenance = provenance
        # One for each column: what one remembers, its dictionaries hold.
        self._memories = (
            {}
            if pseudonymiser is None
            else {name: Memory(pseudonymiser) for name in stream.identifiers}
        )

    def stamp(self, records: Sequence[Records]) -> "pa.Table":
        """Return the rows of several blocks as one table.

        Columns are in the order in which raw keeps them; text is plain or dictionary-encoded,
        whichever it came as.
        """
        import pyarrow as pa  # noqa: PLC0415

        arrays: list[pa.Array | pa.ChunkedArray] = []
        names = [*self._stream.columns, EXTRAS]
        for name in names:
            column = _gathered([block.table.column(name) for block in records])
            if name in self._memories:
                column = pseudonymised(column, self._memories[name])
            arrays.append(column)
        positions = np.concatenate([block.positions for block in records])
        arrays += _provenance_arrays(self._provenance, integers(positions))
        return pa.table(arrays, names=[*names, *(f.name for f in _provenance_fields())])


def _gathered(columns: "Sequence[pa.ChunkedArray]") -> "pa.ChunkedArray":
    """Return columns of several blocks as one, with one dictionary where all have some."""
    import pyarrow as pa  # noqa: PLC0415

    chunks = [chunk for column in columns for chunk in column.chunks]
    if all(pa.types.is_dictionary(chunk.type) for chunk in chunks):
        return pa.chunked_array(chunks).unify_dictionaries()
    return pa.chunked_array([as_plain(chunk) for chunk in chunks], pa.string())


def reject_schema() -> "pa.Schema":
    """Return the columns of raw/rejects."""
    import pyarrow as pa  # noqa: PLC0415

    batch, source, kind, uri, position, landed = _provenance_fields()
    return pa.schema(
        [
            batch,
            pa.field("stream", batch.type),
            source,
            kind,
            uri,
            position,
            pa.field("reason_code", pa.string()),
            pa.field("record", pa.string()),
            landed,
        ]
    )


def reject_table(rejects: Sequence[Reject], *, stream: str, provenance: Provenance) -> "pa.Table":
    """Return rejected records as rows of raw/rejects."""
    import pyarrow as pa  # noqa: PLC0415

    positions = pa.array([reject.position for reject in rejects], pa.int64())
    batch, source, kind, uri, position, landed = _provenance_arrays(provenance, positions)
    return pa.table(
        [
            batch,
            _constant(stream, len(rejects)),
            source,
            kind,
            uri,
            position,
            pa.array([reject.reason_code for reject in rejects], pa.string()),
            pa.array([reject.record for reject in rejects], pa.string()),
            landed,
        ],
        schema=reject_schema(),
    )


def _provenance_fields() -> "list[pa.Field]":
    import pyarrow as pa  # noqa: PLC0415

    constant = pa.dictionary(pa.int8(), pa.string())
    return [
        pa.field("batch_id", constant),
        pa.field("source", constant),
        pa.field("source_kind", constant),
        pa.field("source_uri", constant),
        pa.field("source_position", pa.int64()),
        pa.field("landed_at", pa.timestamp("us", tz="UTC")),
    ]


def _provenance_arrays(provenance: Provenance, positions: "pa.Array") -> "list[pa.Array]":
    import pyarrow as pa  # noqa: PLC0415

    constants = [
        _constant(value, len(positions))
        for value in (
            provenance.batch_id,
            provenance.source,
            provenance.source_kind,
            provenance.source_uri,
        )
    ]
    landed = pa.repeat(
        pa.scalar(provenance.landed_at, pa.timestamp("us", tz="UTC")), len(positions)
    )
    return [*constants, positions, landed]


def _constant(value: str, count: int) -> "pa.DictionaryArray":
    import pyarrow as pa  # noqa: PLC0415

    zeros = pa.Array.from_buffers(pa.int8(), count, [None, pa.py_buffer(bytes(count))])
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value], pa.string()))
