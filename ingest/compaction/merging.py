"""Rows of many small files, copied into few large ones, each row as it was."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.parts import GROUP_BYTES, GROUP_ROWS, PartWriter
from ingest.tables import is_repetitive
from watchhouse.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa

_READ_ROWS: Final = 65_536
_CONSTANT: Final = frozenset({"batch_id", "source", "source_kind", "source_uri"})

_UNTOUCHED: Final = "Nothing of its day was compacted."


@dataclass
class Source:
    """A file that is to be merged, and how many rows it has of each batch."""

    path: Path
    rows: dict[str, int]


@dataclass
class Merged:
    """What one `Merger` wrote: the parts, and how many rows each has of each batch."""

    parts: list[tuple[Path, int]] = field(default_factory=list)
    rows: dict[Path, Counter[str]] = field(default_factory=dict)


class Merger:
    """Writes the rows of small files of one stream as large row groups of few files.

    One row group is in memory at a time, whatever there is to merge.
    """

    def __init__(
        self, folder: Path, numbers: Iterator[int] | None = None, *, mode: int = 0o666
    ) -> None:
        """Write parts, named by the next of `numbers`, below `folder`, which exists."""
        self._writer = PartWriter(folder, numbers or itertools.count(), mode=mode)
        self._gathered: list[pa.Table] = []
        self._gathered_rows = 0
        self._gathered_bytes = 0
        self._merged = Merged()

    def merge(
        self,
        sources: Sequence[Source],
        *,
        only: frozenset[str],
        advanced: Callable[[int], None] = lambda _: None,
    ) -> Merged:
        """Copy the rows of the batches `only`, in order; `advanced` is told of files done.

        Raises:
            LakeError: a file is missing, damaged, or holds other rows than the ledger says.
        """
        try:
            for source in sources:
                self._copy(source, only)
                advanced(1)
            self._flush()
            self._writer.close()
        except BaseException:
            self._writer.abandon()
            raise
        self._merged.parts = self._writer.parts
        return self._merged

    def _copy(self, source: Source, only: frozenset[str]) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.compute as pc  # noqa: PLC0415

        wanted = None if source.rows.keys() <= only else pa.array(sorted(only), pa.string())
        found: Counter[str] = Counter()
        for table in _blocks(source.path):
            found += _batches(table)
            if wanted is None:
                self._gather(table)
            else:
                self._gather(table.filter(pc.is_in(table.column("batch_id"), wanted)))
        if found != Counter(source.rows):
            message = (
                f"{source.path}: holds {sum(found.values())} rows of {len(found)} batches, where "
                f"the ledger names {sum(source.rows.values())} of {len(source.rows)}; restore it "
                f"from a copy. {_UNTOUCHED}"
            )
            raise LakeError(message)

    def _gather(self, table: "pa.Table") -> None:
        if not len(table):
            return
        if self._gathered and self._gathered[0].schema != table.schema:
            # Written by another version of the loader: each part has the columns of one.
            self._flush()
            self._writer.close()
        self._gathered.append(table)
        self._gathered_rows += len(table)
        self._gathered_bytes += table.nbytes
        if self._gathered_rows >= GROUP_ROWS or self._gathered_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415

        if not self._gathered:
            return
        table = pa.concat_tables(self._gathered).combine_chunks()
        self._gathered, self._gathered_rows, self._gathered_bytes = [], 0, 0
        counted = _batches(table)
        columns = [_encoded(table.column(name), name) for name in table.column_names]
        self._writer.write(pa.table(columns, names=table.column_names))
        self._merged.rows.setdefault(self._writer.parts[-1][0], Counter()).update(counted)


def _blocks(path: Path) -> "Iterator[pa.Table]":
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(path) as file:
            for block in file.iter_batches(_READ_ROWS, use_threads=False):
                yield pa.Table.from_batches([block])
    except FileNotFoundError as error:
        message = f"{path}: is gone, though the ledger names it; restore it from a copy. "
        raise LakeError(message + _UNTOUCHED) from error
    except (pa.ArrowException, OSError) as error:
        message = f"{path}: cannot be read ({error}); restore it from a copy. "
        raise LakeError(message + _UNTOUCHED) from error


def _batches(table: "pa.Table") -> Counter[str]:
    import pyarrow.compute as pc  # noqa: PLC0415

    counts: Mapping[str, int] = {
        pair["values"]: pair["counts"]
        for pair in pc.value_counts(table.column("batch_id")).to_pylist()
    }
    return Counter(counts)


def _encoded(column: "pa.ChunkedArray", name: str) -> "pa.ChunkedArray":
    """Give text that repeats a dictionary, as the loader does."""
    import pyarrow as pa  # noqa: PLC0415

    if not pa.types.is_string(column.type):
        return column
    encoded = column.dictionary_encode()
    return encoded if name in _CONSTANT or is_repetitive(encoded) else column
