"""Provenance on every row, and pseudonyms in place of identifiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.columns import EXTRAS, Stream
from ingest.records import Records, Reject
from watchhouse.pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    import pyarrow as pa

_REMEMBERED: Final = 1_000_000
"""Pseudonyms kept at hand, about 150 MB at most; beyond, the memory starts afresh."""


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
        self._known: dict[str, str | None] = {}

    def look_up(self, identifiers: Sequence[str | None]) -> list[str | None]:
        """Return the pseudonym of each identifier; None stays None."""
        known = self._known
        if len(known) > _REMEMBERED:
            known.clear()
        for name in identifiers:
            if name is not None and name not in known:
                known[name] = self._pseudonymiser.pseudonym(name)
        return [None if name is None else known[name] for name in identifiers]


def pseudonymised(
    column: "pa.ChunkedArray", pseudonymiser: "Pseudonymiser | Memory"
) -> "pa.DictionaryArray":
    """Return a text column with each identifier replaced, dictionary-encoded."""
    import pyarrow as pa  # noqa: PLC0415

    memory = Memory(pseudonymiser) if isinstance(pseudonymiser, Pseudonymiser) else pseudonymiser
    encoded = pa.chunked_array(column.chunks, pa.string()).combine_chunks().dictionary_encode()
    replaced = memory.look_up(encoded.dictionary.to_pylist())
    dictionary = pa.array(replaced, pa.string())
    if not dictionary.null_count:
        return pa.DictionaryArray.from_arrays(encoded.indices, dictionary)
    # A blank identifier is no identifier: the row, not the dictionary, holds the null.
    return (
        pa.DictionaryArray.from_arrays(encoded.indices, dictionary)
        .cast(pa.string())
        .dictionary_encode()
    )


class Stamper:
    """Makes rows of the lake from records."""

    def __init__(
        self, stream: Stream, provenance: Provenance, pseudonymiser: Pseudonymiser | None
    ) -> None:
        """Stamp rows of one batch; without a pseudonymiser the identifiers are already hashed."""
        self._stream = stream
        self._provenance = provenance
        self._memory = None if pseudonymiser is None else Memory(pseudonymiser)

    @property
    def schema(self) -> "pa.Schema":
        """The columns of a stamped table, in the order in which raw keeps them."""
        import pyarrow as pa  # noqa: PLC0415

        # Dictionaries are how the writer is told about repeated values; the file has plain text.
        hashed = pa.dictionary(pa.int32(), pa.string())
        fields = [
            pa.field(name, hashed if name in self._stream.identifiers else pa.string())
            for name in (*self._stream.columns, EXTRAS)
        ]
        return pa.schema([*fields, *_provenance_fields()])

    def stamp(self, records: Sequence[Records]) -> "pa.Table":
        """Return the rows of several blocks as one table."""
        import pyarrow as pa  # noqa: PLC0415

        table = pa.concat_tables([block.table for block in records])
        arrays: list[pa.Array | pa.ChunkedArray] = []
        for name in (*self._stream.columns, EXTRAS):
            column = table.column(name)
            if name in self._stream.identifiers:
                column = (
                    column.combine_chunks().dictionary_encode()
                    if self._memory is None
                    else pseudonymised(column, self._memory)
                )
            arrays.append(column)
        positions = np.concatenate([block.positions for block in records])
        arrays += _provenance_arrays(self._provenance, pa.array(positions, pa.int64()))
        return pa.table(arrays, schema=self.schema)


def reject_schema() -> "pa.Schema":
    """The columns of raw/rejects."""
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

    zeros = pa.array(np.zeros(count, np.int8))
    return pa.DictionaryArray.from_arrays(zeros, pa.array([value], pa.string()))
