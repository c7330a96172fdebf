"""Batches read as columns hold what the client library's own records hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.default_records import DefaultRecordBatchBuilder

from ingest.streaming.fetched import Fetched, read_batch, read_records

Message = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]

text = st.binary(max_size=300)
message = st.tuples(
    st.integers(0, 2**41),
    st.none() | text,
    st.none() | text,
    st.lists(st.tuples(st.text(max_size=10), st.none() | text), max_size=2),
)


def batch_of(messages: list[Message]) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10**9,
    )
    for number, (timestamp, key, value, headers) in enumerate(messages):
        builder.append(number * 3, timestamp, key, value, headers)
    return bytes(builder.build())


@given(st.lists(message, min_size=1, max_size=60))
def test_columns_equal_records(messages: list[Message]) -> None:
    stored = batch_of(messages)
    found = read_batch(MemoryRecords(stored).next_batch())
    records = list(MemoryRecords(stored).next_batch())
    assert found == Fetched(
        [record.offset for record in records],
        [record.timestamp for record in records],
        [record.key for record in records],
        [record.value for record in records],
        {record.offset: record.headers for record in records if record.headers},
    )


@given(st.binary(max_size=200), st.integers(16, 30))
def test_nonsense_is_an_error_and_never_a_message(nonsense: bytes, count: int) -> None:
    with pytest.raises(CorruptRecordError):
        read_records(nonsense, count, base_offset=0, base_timestamp=0)


def test_what_was_read_before_is_left_out() -> None:
    messages: list[Message] = [(n, None, b"%d" % n, [("h", b"x")]) for n in range(40)]
    stored = batch_of(messages)
    found = read_batch(MemoryRecords(stored).next_batch())
    later = found.since(50)
    assert (later.offsets[0], later.values[0], later.offset) == (51, b"17", 117)
    assert min(later.headers) == 51
    assert found.since(0) is found
