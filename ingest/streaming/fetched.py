"""Fetched messages as columns, several times faster than one object for each.

The client library makes an object of every message, in Python: that is what most of its time goes
into. Where a record ends depends on the one before, but everything in it can be read for all
records of a batch at once. So the library does what it always does (fetching, checksums,
decompression, transactions), and only here, where it takes records out of a batch, it is given
whole batches. `Fetcher.PartitionRecords` is not public: the version in requirements.in is bounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from numpy.typing import NDArray

Headers = Sequence[tuple[str, bytes | None]]
Integers = NDArray[np.int64]

_FEW: Final = 16
"""Fewer records than this are read one by one: that costs less than setting out."""
_LONGEST_VARINT: Final = 10
_MAGIC: Final = 2
_READ_COMMITTED: Final = 1


@dataclass(frozen=True)
class Fetched:
    """Messages of one batch of a log, in order."""

    offsets: list[int]
    timestamps: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    headers: dict[int, Headers]
    """By offset, of messages that have some."""

    @property
    def offset(self) -> int:
        """The last offset: the library skips what ends before the offset that it wants."""
        return self.offsets[-1]

    def since(self, offset: int) -> "Fetched":
        """Return the messages from an offset on."""
        if self.offsets[0] >= offset:
            return self
        at = int(np.searchsorted(self.offsets, offset))
        return Fetched(
            self.offsets[at:],
            self.timestamps[at:],
            self.keys[at:],
            self.values[at:],
            {o: headers for o, headers in self.headers.items() if o >= offset},
        )


class FetchedRecords(Fetcher.PartitionRecords):  # type: ignore[misc]  # ships no types
    """What one fetch brought of one partition."""

    def _unpack_records(self, _: object, records: Any, *__: object) -> Iterator[Fetched]:  # noqa: ANN401 - ships no types
        """Yield batches, but for those that do not count, as the library does with records."""
        last = None
        while (batch := records.next_batch()) is not None:
            last = batch
            if self.check_crcs and not batch.validate_crc():
                message = f"{self.topic_partition}: batch at {batch.base_offset} has a wrong sum"
                raise CorruptRecordError(message)
            if batch.magic == _MAGIC:
                self.leader_epoch = batch.leader_epoch
                if self._is_aborted(batch) or batch.is_control_batch:
                    self.next_fetch_offset = batch.next_offset
                    continue
            found = read_batch(batch)
            if not found.offsets or found.offset < self.fetch_offset:
                continue
            self.next_fetch_offset = found.offset + 1
            yield found.since(self.fetch_offset)
        if last is not None and last.magic == _MAGIC:
            # The last records may be gone by compaction; what follows them is next all the same.
            self.next_fetch_offset = last.next_offset
        self.drain()

    def _is_aborted(self, batch: Any) -> bool:  # noqa: ANN401 - as above
        if int(self.isolation_level) != _READ_COMMITTED or not batch.has_producer_id():
            return False
        self._consume_aborted_transactions_up_to(batch.last_offset)
        if self._contains_abort_marker(batch):
            self.aborted_producer_ids.discard(batch.producer_id)
            return False
        return bool(self._is_batch_aborted(batch))


def read_batch(batch: Any) -> Fetched:  # noqa: ANN401 - as above
    """Read all messages of a batch.

    Raises:
        CorruptRecordError: it is not what it says it is.
    """
    if batch.magic != _MAGIC or batch.records_count < _FEW:
        return _read_each(batch)
    batch._maybe_uncompress()  # noqa: SLF001 - the library's own records do
    return read_records(
        bytes(memoryview(batch._buffer)[batch._pos :]),  # noqa: SLF001
        batch.records_count,
        base_offset=batch.base_offset,
        base_timestamp=batch.first_timestamp,
        append_timestamp=batch.max_timestamp if batch.timestamp_type else None,
    )


def _read_each(batch: Any) -> Fetched:  # noqa: ANN401 - as above
    found = list(batch)
    for record in found:
        if not record.validate_crc():
            message = f"record at offset {record.offset} has a wrong sum"
            raise CorruptRecordError(message)
    return Fetched(
        [record.offset for record in found],
        [-1 if record.timestamp is None else record.timestamp for record in found],
        [record.key for record in found],
        [record.value for record in found],
        {record.offset: record.headers for record in found if record.headers},
    )


def read_records(
    text: bytes,
    count: int,
    *,
    base_offset: int,
    base_timestamp: int,
    append_timestamp: int | None = None,
) -> Fetched:
    """Read the records of an uncompressed batch, all of them at once.

    Raises:
        CorruptRecordError: lengths do not add up.
    """
    try:
        starts, ends = _find(text, count)
        # Attributes, a byte without meaning, come first.
        padded = np.frombuffer(text + bytes(_LONGEST_VARINT), np.uint8)
        stamps, at = _varints(padded, starts + 1)
        offsets, at = _varints(padded, at)
        key_lengths, keys_at = _varints(padded, at)
        key_ends = keys_at + np.maximum(key_lengths, 0)
        _require(key_ends <= ends)
        value_lengths, values_at = _varints(padded, key_ends)
        value_ends = values_at + np.maximum(value_lengths, 0)
        _require(value_ends <= ends)
        header_counts, headers_at = _varints(padded, value_ends)
        _require((headers_at == ends) | (header_counts > 0))
    except IndexError as error:
        message = "a batch ends within a record"
        raise CorruptRecordError(message) from error
    found = (offsets + base_offset).tolist()
    if append_timestamp is None:
        times = (stamps + base_timestamp).tolist()
    else:
        times = [append_timestamp] * count
    headers = {
        found[i]: _headers(text, int(headers_at[i]), int(header_counts[i]), int(ends[i]))
        for i in np.flatnonzero(header_counts).tolist()
    }
    return Fetched(
        found,
        times,
        _slices(text, keys_at, key_ends, key_lengths),
        _slices(text, values_at, value_ends, value_lengths),
        headers,
    )


def _find(text: bytes, count: int) -> tuple[Integers, Integers]:
    """Return where records begin, after their length, and where they end."""
    starts, ends = [], []
    at = 0
    for _ in range(count):
        byte = text[at]
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has no such bit
            length = byte >> 1
        else:
            value, shift = byte & 0x7F, 7
            while (byte := text[at]) >= 0x80:  # noqa: PLR2004
                value |= (byte & 0x7F) << shift
                shift += 7
                at += 1
            at += 1
            length = (value | byte << shift) >> 1
        starts.append(at)
        at += length
        ends.append(at)
    if at != len(text):
        message = f"a batch of {count} records is {len(text)} bytes long, but they are {at}"
        raise CorruptRecordError(message)
    return np.array(starts, np.int64), np.array(ends, np.int64)


def _varints(text: NDArray[np.uint8], at: Integers) -> tuple[Integers, Integers]:
    """Read one number at each place; return them, and the places after them."""
    byte = text[at].astype(np.int64)
    values = byte & 0x7F
    after = at + 1
    rest = np.flatnonzero(byte >= 0x80)  # noqa: PLR2004 - as above
    shift = 7
    while len(rest):
        if shift > 63:  # noqa: PLR2004 - no number is longer than 64 bits
            message = "a number in a batch is longer than 64 bits"
            raise CorruptRecordError(message)
        byte = text[after[rest]].astype(np.int64)
        values[rest] |= (byte & 0x7F) << shift
        after[rest] += 1
        rest = rest[byte >= 0x80]  # noqa: PLR2004
        shift += 7
    unsigned = values.view(np.uint64)
    return (unsigned >> np.uint64(1)).view(np.int64) ^ -(values & 1), after


def _require(holds: NDArray[np.bool_]) -> None:
    if not holds.all():
        message = "a record in a batch is longer or shorter than it says"
        raise CorruptRecordError(message)


def _slices(text: bytes, starts: Integers, ends: Integers, lengths: Integers) -> list[bytes | None]:
    found: list[bytes | None] = [
        text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    for index in np.flatnonzero(lengths < 0).tolist():
        found[index] = None
    return found


def _headers(text: bytes, at: int, count: int, end: int) -> Headers:
    found: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        length, at = _number(text, at)
        name, at = text[at : at + max(length, 0)], at + max(length, 0)
        length, at = _number(text, at)
        value = text[at : at + length] if length >= 0 else None
        at += max(length, 0)
        found.append((name.decode(errors="replace"), value))
    if at != end:
        message = "the headers of a record are longer or shorter than it says"
        raise CorruptRecordError(message)
    return found


def _number(text: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := text[at]) >= 0x80:  # noqa: PLR2004 - as above
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    value |= byte << shift
    return (value >> 1) ^ -(value & 1), at + 1
