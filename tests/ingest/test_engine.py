"""The engine: the text that it is given, and the tables."""

import os

import pyarrow as pa
import pytest

from ingest.engine import Engine
from watchhouse.errors import InputFileError

TEXT = memoryview(b'{"a": 1, "b\'\\"": "x"}\n{"a": null}\n' * 50_000)


@pytest.mark.parametrize("has_memory_files", [True, False])
def test_text_reaches_the_engine_with_and_without_files_in_memory(
    monkeypatch: pytest.MonkeyPatch, *, has_memory_files: bool
) -> None:
    if not has_memory_files:
        monkeypatch.delattr(os, "memfd_create", raising=False)
    engine = Engine("a.ndjson")
    for text in (TEXT, TEXT[: len(TEXT) // 2]):
        table = engine.json_lines(text, keys=("a",))
        assert table.num_rows == bytes(text).count(b"\n")
        assert table.column(0).null_count == table.num_rows // 2
    engine.close()


def test_what_the_engine_cannot_read_names_the_file() -> None:
    engine = Engine("a.parquet")
    with pytest.raises(InputFileError, match=r"a\.parquet: the engine cannot read it"):
        engine.query("select no_such_column from given", pa.table({"c0": ["x"]}))
    engine.close()
