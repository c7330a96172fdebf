"""Parquet files, their values turned into text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.content import Content
from ingest.engine import Engine
from ingest.records import Integers, Parsed, reject
from watchhouse.errors import InputFileError

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS: Final = 65_536


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of the file; `first` is the number of the first one, from 1."""

    batch: "pa.RecordBatch"
    first: int

    @property
    def size(self) -> int:
        """Bytes in memory, which stand for progress."""
        return int(self.batch.nbytes)

    def done(self) -> None:
        """Nothing to give back: the rows are freed with their last user."""


class ParquetRows:
    """A Parquet file. `source_position` is the number of the row, the first being 1.

    Numbers, dates and times become text as DuckDB writes them; nested values JSON text.
    """

    is_complete = True

    def __init__(self, content: Content) -> None:
        """Read the footer.

        Raises:
            InputFileError: it is damaged, or has a column twice.
        """
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._content = content
        try:
            with pq.ParquetFile(content.path) as file:
                self._names = tuple(file.schema_arrow.names)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        for name in self._names:
            if self._names.count(name) > 1:
                message = (
                    f"{content.path}: has {self._names.count(name)} columns named {name!r}; "
                    "rename all but one of them"
                )
                raise InputFileError(message)

    def _damaged(self, error: Exception) -> InputFileError:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return InputFileError(
            f"{self._content.path}: the Parquet data is damaged ({reason}); fetch the file again"
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self._names

    def blocks(self) -> Iterator[Rows]:
        """Read the file in batches of rows."""
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        first = 1
        try:
            with pq.ParquetFile(self._content.path, pre_buffer=False) as file:
                for batch in file.iter_batches(_BATCH_ROWS, use_threads=False):
                    yield Rows(batch, first)
                    first += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def parse(self, block: Rows, engine: Engine) -> Parsed:
        """Turn the values of a batch into text."""
        import pyarrow as pa  # noqa: PLC0415

        count = len(block.batch)
        positions: Integers = np.arange(block.first, block.first + count, dtype=np.int64)
        sound = np.ones(count, np.bool_)
        columns = []
        for column in block.batch.columns:
            plain, is_text = _as_text(column)
            if is_text and not _is_valid(plain):
                sound &= np.array([_is_valid(plain.slice(i, 1)) for i in range(count)])
            columns.append(plain)
        rejects = [
            reject(positions[index], "invalid_utf8", self._show(columns, index))
            for index in np.flatnonzero(~sound).tolist()
        ]
        if rejects:
            kept = pa.array(sound)
            columns = [column.filter(kept) for column in columns]
        names = [f"c{i}" for i in range(len(columns))]
        table = engine.as_text(pa.table(columns, names=names))
        return Parsed(self._names, table, positions[sound], tuple(rejects))

    def _show(self, columns: "list[pa.Array]", index: int) -> bytes:
        import pyarrow as pa  # noqa: PLC0415

        values = {}
        for name, column in zip(self._names, columns, strict=True):
            value = column.slice(index, 1)
            if pa.types.is_string(value.type):
                value = value.view(pa.binary())
            shown = value[0].as_py()
            values[name] = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else shown
        return json.dumps(values, ensure_ascii=False, default=str).encode()


def _as_text(column: "pa.Array") -> "tuple[pa.Array, bool]":
    """Return text columns, which some writers store as bytes, as strings; others as they are."""
    import pyarrow as pa  # noqa: PLC0415

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_binary(kind) or pa.types.is_string(kind):
        return column.view(pa.string()), True
    if pa.types.is_large_binary(kind) or pa.types.is_large_string(kind):
        # A batch is far below 2 GB; the cast of bytes to bytes validates nothing yet.
        return column.view(pa.large_binary()).cast(pa.binary()).view(pa.string()), True
    return column, False


def _is_valid(column: "pa.Array") -> bool:
    import pyarrow as pa  # noqa: PLC0415

    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
