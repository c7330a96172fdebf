"""Parquet parts of one batch, written by a thread of their own."""

import os
from collections.abc import Sequence
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
"""Wide rows close a group earlier: two groups are in memory at a time."""
GROUP_LIMIT: Final = 64 * GROUP_ROWS
PART_ROWS: Final = 16_000_000
_REJECT_GROUP: Final = 10_000

_COMPRESSION: Final = "zstd"
_COMPRESSION_LEVEL: Final = 1
_DICTIONARY_BYTES: Final = 16 * 1024 * 1024
"""Room for the pseudonyms of several hundred thousand users, so that each is written once."""
_ENCODINGS: Final = {"source_position": "DELTA_BINARY_PACKED"}


class PartWriter:
    """Writes tables of one schema as `part-0.parquet`, `part-1.parquet`, … in a folder."""

    def __init__(self, folder: Path, *, mode: int = 0o666) -> None:
        """Write below `folder`, which exists; files get `mode` before the umask."""
        self._folder = folder
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

        path = self._folder / f"part-{len(self.parts)}.parquet"
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


class BatchWriter:
    """Gathers records into row groups and writes them, stamped, while the next are parsed."""

    def __init__(
        self,
        *,
        rows: PartWriter,
        rejects: PartWriter,
        stamper: Stamper,
        stream: str,
        provenance: Provenance,
    ) -> None:
        """Write rows and rejects of one batch through their own part writers."""
        self._rows = rows
        self._rejects = rejects
        self._stamper = stamper
        self._stream = stream
        self._provenance = provenance
        self._gathered: list[Records] = []
        self._set_aside: list[Reject] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        # Small at first, so that writing starts while most of the file is still to be parsed.
        self._group_rows = GROUP_ROWS // 4
        self._pending: Future[None] | None = None
        self.landed_count = 0
        self.rejected_count = 0

    def write(self, records: Records) -> None:
        """Take records, in order; returns once there is room for more."""
        self.landed_count += len(records.table)
        self.rejected_count += len(records.rejects)
        self._set_aside += records.rejects
        if len(self._set_aside) >= _REJECT_GROUP:
            self._flush_rejects()
        if len(records.table):
            self._gathered.append(records)
            rows = sum(len(block.table) for block in self._gathered)
            size = sum(block.table.nbytes for block in self._gathered)
            if rows >= self._group_rows or size >= GROUP_BYTES:
                self._group_rows = min(2 * self._group_rows, GROUP_ROWS)
                self._flush()

    def _flush(self) -> None:
        group, self._gathered = self._gathered, []
        self._wait()
        self._pending = self._pool.submit(self._write_group, group)

    def _write_group(self, group: Sequence[Records]) -> None:
        self._rows.write(self._stamper.stamp(group))

    def _flush_rejects(self) -> None:
        rejects = sorted(self._set_aside, key=lambda reject: reject.position)
        self._set_aside = []
        table = reject_table(rejects, stream=self._stream, provenance=self._provenance)
        self._rejects.write(table)

    def _wait(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def finish(self) -> None:
        """Write what is left, and make all parts durable."""
        if self._gathered:
            self._flush()
        if self._set_aside:
            self._flush_rejects()
        self._wait()
        self._pool.shutdown()
        self._rows.close()
        self._rejects.close()

    def abandon(self) -> None:
        """Stop after a failure; the parts are of no use."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._rows.abandon()
        self._rejects.abandon()
