"""Parquet parts of one batch, stamped and written by threads of their own."""

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.records import Records, Reject
from ingest.stamping import Provenance, Stamper, reject_table

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUP_ROWS: Final = 1_000_000
"""Rows of a row group: large ones compress better and are read with fewer seeks."""
GROUP_BYTES: Final = 192 * 1024 * 1024
"""Wide rows close a group earlier: three groups are in memory at a time."""
GROUP_LIMIT: Final = 64 * GROUP_ROWS
_FIRST_GROUP_ROWS: Final = GROUP_ROWS // 8
_LANES: Final = 2
"""Threads that write: encoding costs more than parsing, and a part is written by one thread."""
PART_ROWS: Final = 16_000_000
_REJECT_GROUP: Final = 10_000

_COMPRESSION: Final = "zstd"
_COMPRESSION_LEVEL: Final = 1
_DICTIONARY_BYTES: Final = 16 * 1024 * 1024
"""Room for the pseudonyms of several hundred thousand users, so that each is written once."""
_ENCODINGS: Final = {"source_position": "DELTA_BINARY_PACKED"}


class PartWriter:
    """Writes tables of one schema as files `part-<N>.parquet` in a folder."""

    def __init__(self, folder: Path, numbers: Iterator[int], *, mode: int = 0o666) -> None:
        """Write below `folder`, which exists, parts named by the next of `numbers`.

        Files get `mode` before the umask.
        """
        self._folder = folder
        self._numbers = numbers
        self._mode = mode
        self._writer: pq.ParquetWriter | None = None
        self.parts: list[tuple[Path, int]] = []
        """The parts so far, with their rows."""

    def write(self, table: "pa.Table") -> None:
        """Write `table` as one row group."""
        if self._writer is not None and self.parts[-1][1] >= PART_ROWS:
            self.close()
        if self._writer is None:
            self._writer = self._open(table.schema)
        self._writer.write_table(_fitted(table, self._writer.schema), row_group_size=GROUP_LIMIT)
        path, rows = self.parts[-1]
        self.parts[-1] = (path, rows + len(table))

    def _open(self, schema: "pa.Schema") -> "pq.ParquetWriter":
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        path = self._folder / f"part-{next(self._numbers)}.parquet"
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self._mode))
        self.parts.append((path, 0))
        # Text that hardly repeats, but resembles its neighbours, as times and counters do.
        plain = [f.name for f in schema if pa.types.is_string(f.type)]
        encodings = dict.fromkeys(plain, "DELTA_BYTE_ARRAY") | _ENCODINGS
        return pq.ParquetWriter(
            str(path),
            schema,
            compression=_COMPRESSION,
            compression_level=_COMPRESSION_LEVEL,
            use_dictionary=[name for name in schema.names if name not in encodings],
            column_encoding=encodings,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            write_statistics=plain,
            # The file says what it holds by itself: no Arrow dictionaries for other engines.
            store_schema=False,
        )

    def close(self) -> None:
        """Finish the open part, so that it survives a power cut."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        writer.close()
        descriptor = os.open(self.parts[-1][0], os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abandon(self) -> None:
        """Release the open part without finishing it; whoever made the folder removes it."""
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except OSError:
                return


def _fitted(table: "pa.Table", schema: "pa.Schema") -> "pa.Table":
    """Encode text columns as the first group of the part had them."""
    import pyarrow as pa  # noqa: PLC0415

    columns = []
    for column, field in zip(table.columns, schema, strict=True):
        if column.type == field.type:
            columns.append(column)
        elif pa.types.is_dictionary(field.type):
            columns.append(column.dictionary_encode())
        else:
            columns.append(column.cast(field.type))
    return pa.table(columns, schema=schema)


class _Lane:
    """A thread that stamps and writes one group at a time, to parts of its own."""

    def __init__(self, parts: PartWriter, stamper: Stamper) -> None:
        self.parts = parts
        self._stamper = stamper
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._pending: Future[None] | None = None

    def put(self, group: Sequence[Records]) -> None:
        """Take a group, as soon as the one before is written."""
        self.wait()
        self._pending = self._pool.submit(self._write, group)

    def _write(self, group: Sequence[Records]) -> None:
        self.parts.write(self._stamper.stamp(group))

    def wait(self) -> None:
        """Wait for the group at hand; raise what went wrong with it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def stop(self) -> None:
        """End the thread."""
        self._pool.shutdown(cancel_futures=True)


class BatchWriter:
    """Gathers records into row groups and writes them, stamped, while the next are parsed."""

    def __init__(
        self, *, rows: Path, rejects: Path, stamper: Stamper, stream: str, provenance: Provenance
    ) -> None:
        """Write rows and rejects of one batch below these folders, which exist."""
        numbers = itertools.count()
        self._lanes = [_Lane(PartWriter(rows, numbers), stamper) for _ in range(_LANES)]
        self._rejects = PartWriter(rejects, itertools.count(), mode=0o600)
        self._stream = stream
        self._provenance = provenance
        self._gathered: list[Records] = []
        self._gathered_rows = 0
        self._gathered_bytes = 0
        self._set_aside: list[Reject] = []
        self._groups = 0
        # Small at first, so that writing starts while most of the file is still to be parsed.
        self._group_rows = _FIRST_GROUP_ROWS
        self.landed_count = 0
        self.rejected_count = 0

    @property
    def row_parts(self) -> list[tuple[Path, int]]:
        """The parts of rows, with the rows in each."""
        return sorted(part for lane in self._lanes for part in lane.parts.parts)

    @property
    def reject_parts(self) -> list[tuple[Path, int]]:
        """The parts of rejects, with the rejects in each."""
        return self._rejects.parts

    def write(self, records: Records) -> None:
        """Take records, in order; returns once there is room for more."""
        self.landed_count += len(records.table)
        self.rejected_count += len(records.rejects)
        self._set_aside += records.rejects
        if len(self._set_aside) >= _REJECT_GROUP:
            self._flush_rejects()
        if len(records.table):
            self._gathered.append(records)
            self._gathered_rows += len(records.table)
            self._gathered_bytes += records.table.nbytes
            if self._gathered_rows >= self._group_rows or self._gathered_bytes >= GROUP_BYTES:
                self._group_rows = min(2 * self._group_rows, GROUP_ROWS)
                self._flush()

    def _flush(self) -> None:
        self._lanes[self._groups % _LANES].put(self._gathered)
        self._groups += 1
        self._gathered, self._gathered_rows, self._gathered_bytes = [], 0, 0

    def _flush_rejects(self) -> None:
        rejects = sorted(self._set_aside, key=lambda reject: reject.position)
        self._set_aside = []
        table = reject_table(rejects, stream=self._stream, provenance=self._provenance)
        self._rejects.write(table)

    def finish(self) -> None:
        """Write what is left, and make all parts durable."""
        if self._gathered:
            self._flush()
        if self._set_aside:
            self._flush_rejects()
        for lane in self._lanes:
            lane.wait()
            lane.stop()
            lane.parts.close()
        self._rejects.close()

    def abandon(self) -> None:
        """Stop after a failure; the parts are of no use."""
        for lane in self._lanes:
            lane.stop()
            lane.parts.abandon()
        self._rejects.abandon()
