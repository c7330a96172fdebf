"""Delimited text to Arrow columns: pyarrow's reader, told everything, guessing nothing."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ingest.records import Integers, Parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_PIECE_BYTES: Final = 2 * 1024 * 1024
"""What the reader works on at a time: it fits a processor's cache."""

_ENOUGH_ROWS: Final = 1000
_MANY: Final = 0.5
"""A column with more distinct values per row than this gains nothing from a dictionary."""


@dataclass(frozen=True)
class Read:
    """Rows of text columns `c0`, `c1`, …; `bad` are the indexes of records of another width."""

    table: "pa.Table"
    bad: Integers


class TableReader:
    """Reads records of one width, learning which columns repeat their values."""

    def __init__(self, width: int, *, delimiter: str, has_quotes: bool, has_nulls: bool) -> None:
        """Prepare to read.

        `has_quotes`: fields may be quoted. `has_nulls`: an empty field is null.
        """
        self._names = [f"c{i}" for i in range(width)]
        self._delimiter = delimiter
        self._quote: str | bool = '"' if has_quotes else False
        self._has_nulls = has_nulls
        self._is_repetitive = [True] * width
        self._lessons = 3

    def read(self, text: "memoryview | bytes", *, longest: int = 0, has_breaks: bool) -> Read:
        """Read text that is closed by a line feed, and valid UTF-8.

        `longest` is the length of its longest record, if known; `has_breaks` says that there may be
        line breaks inside quotes. Blank lines are passed over.

        Raises:
            pyarrow.ArrowInvalid: a record is longer than expected.
        """
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import csv  # noqa: PLC0415

        bad: list[int] = []

        def set_aside(row: Any) -> str:  # noqa: ANN401 - csv.InvalidRow
            bad.append(row.number - 1)
            return "skip"

        if not len(text):
            return Read(self._empty(), np.array([], np.int64))
        repeating = pa.dictionary(pa.int32(), pa.string())
        kinds = [repeating if known else pa.string() for known in self._is_repetitive]
        table = csv.read_csv(
            pa.BufferReader(text),
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=max(_PIECE_BYTES, 2 * longest),
                column_names=self._names,
            ),
            parse_options=csv.ParseOptions(
                delimiter=self._delimiter,
                quote_char=self._quote,
                newlines_in_values=has_breaks,
                invalid_row_handler=set_aside,
            ),
            convert_options=csv.ConvertOptions(
                check_utf8=False,
                column_types=dict(zip(self._names, kinds, strict=True)),
                null_values=[""] if self._has_nulls else [],
                strings_can_be_null=self._has_nulls,
                quoted_strings_can_be_null=self._has_nulls,
            ),
        )
        self._learn(table)
        return Read(table, np.array(bad, np.int64))

    def _empty(self) -> "pa.Table":
        import pyarrow as pa  # noqa: PLC0415

        return pa.table([pa.nulls(0, pa.string()) for _ in self._names], names=self._names)

    def _learn(self, table: "pa.Table") -> None:
        """Notice columns of many values; the first blocks are enough to tell."""
        if self._lessons <= 0 or len(table) < _ENOUGH_ROWS:
            return
        self._lessons -= 1
        for index, column in enumerate(table.columns):
            if self._is_repetitive[index]:
                self._is_repetitive[index] = is_repetitive(column)


def is_repetitive(column: "pa.ChunkedArray") -> bool:
    """Tell whether a dictionary-encoded column, which has rows, is better kept as one."""
    distinct = len(column.unify_dictionaries().chunk(0).dictionary)
    return distinct <= _MANY * len(column)


def as_text(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Return a column as plain text, whatever it is encoded as."""
    import pyarrow as pa  # noqa: PLC0415

    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def as_plain(chunk: "pa.Array") -> "pa.Array":
    """Return an array as plain text."""
    import pyarrow as pa  # noqa: PLC0415

    return chunk if pa.types.is_string(chunk.type) else chunk.cast(pa.string())


def integers(values: Integers) -> "pa.Array":
    """Return a vector as an Arrow array; `pa.array` would first import all of numpy.ma."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def text_table(columns: "Sequence[Sequence[str | None]]") -> "pa.Table":
    """Make a table of text columns, named as the reader names them."""
    import pyarrow as pa  # noqa: PLC0415

    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table(arrays, names=[f"c{i}" for i in range(len(arrays))])


def join(parts: "Sequence[Parsed]") -> Parsed:
    """Join records of one block that were read in several ways, ordered by position."""
    import pyarrow as pa  # noqa: PLC0415

    rejects = tuple(reject for part in parts for reject in part.rejects)
    filled = [part for part in parts if len(part.positions)] or parts[:1]
    if len(filled) == 1:
        return replace(filled[0], rejects=rejects)
    names = tuple(dict.fromkeys(name for part in filled for name in part.names))
    tables = [_widened(part, names) for part in filled]
    positions = np.concatenate([part.positions for part in filled])
    order = np.argsort(positions, kind="stable")
    table = pa.concat_tables(tables).take(pa.array(order))
    return Parsed(names, table, positions[order], rejects)


def _widened(part: Parsed, names: tuple[str, ...]) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    index = {name: position for position, name in enumerate(part.names)}
    columns = [
        as_text(part.table.column(index[name]))
        if name in index
        else pa.nulls(len(part.positions), pa.string())
        for name in names
    ]
    return pa.table(columns, names=[f"c{i}" for i in range(len(names))])
