"""Pseudonyms over blocks and groups, whatever the encoding of the column."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.stamping import Memory, pseudonymised
from watchhouse.pseudonyms import Pseudonymiser

PSEUDONYMISER = Pseudonymiser(bytes(32))
NAMES = st.lists(st.sampled_from(["a", "b", " ", "", None, "c", "\u00e9"]), max_size=8)


@settings(max_examples=200, deadline=None)
@given(groups=st.lists(st.lists(NAMES, max_size=3), max_size=4), is_encoded=st.booleans())
def test_every_row_gets_its_own_pseudonym(
    groups: list[list[list[str | None]]], *, is_encoded: bool
) -> None:
    memory = Memory(PSEUDONYMISER)
    for chunks in groups:
        arrays = [pa.array(chunk, pa.string()) for chunk in chunks]
        if is_encoded:
            arrays = [array.dictionary_encode() for array in arrays]
        kind = pa.dictionary(pa.int32(), pa.string()) if is_encoded else pa.string()
        replaced = pseudonymised(pa.chunked_array(arrays, kind), memory)
        expected = [
            None if name is None else PSEUDONYMISER.pseudonym(name)
            for chunk in chunks
            for name in chunk
        ]
        assert replaced.to_pylist() == expected
        assert replaced.null_count == expected.count(None), "no null hides in a dictionary"


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.stamping._REMEMBERED", 3)
    memory = Memory(PSEUDONYMISER)
    for start in range(5):
        names = [f"u{start}{index}" for index in range(4)]
        replaced = pseudonymised(pa.chunked_array([pa.array(names)]), memory)
        assert replaced.to_pylist() == PSEUDONYMISER.pseudonyms(names)
        assert len(replaced.chunk(0).dictionary) <= 8
