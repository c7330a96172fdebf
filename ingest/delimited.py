"""CSV, TSV and the like."""

from collections.abc import Generator, Sequence
from typing import Final

import numpy as np

from ingest.blocks import Block, Spans, body, cut_blocks, is_utf8, record, sound
from ingest.content import Content
from ingest.engine import Engine
from ingest.records import Integers, Parsed, Reject, reject
from ingest.splitting import Splitter
from ingest.tables import TableReader, join, text_table
from watchhouse.errors import InputFileError, LakeError

DELIMITERS: Final = (",", ";", "\t", "|")
_BOM: Final = b"\xef\xbb\xbf"


class Delimited:
    """A file of delimited text with a header line.

    `source_position` is the number of the physical line on which a record starts, the first line
    of the file being 1: what an editor shows, also after quoted line breaks and blank lines.
    """

    is_complete = True

    def __init__(self, content: Content, *, expected: Sequence[str]) -> None:
        """Read the header; `expected` are the names that tell the delimiter.

        Raises:
            InputFileError: there is no header that can be read.
        """
        self._content = content
        head = content.head.removeprefix(_BOM)
        self._skipped = len(content.head) - len(head)
        delimiter, self._names = self._read_header(head, frozenset(expected))
        self._splitter = Splitter(delimiter)
        self._reader = TableReader(
            len(self._names), delimiter=delimiter, has_quotes=True, has_nulls=True
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, as the header has them."""
        return self._names

    def _read_header(self, head: bytes, expected: frozenset[str]) -> tuple[str, tuple[str, ...]]:
        path = self._content.path
        best = (-1, -1)
        found: tuple[str, tuple[str, ...]] | None = None
        for delimiter in DELIMITERS:
            splitter = Splitter(delimiter)
            first = splitter.first(head, final=self._content.is_whole)
            if first is None:
                continue
            if not is_utf8(first):
                message = (
                    f"{path}: the header is not UTF-8; convert the file first, "
                    "for example with `iconv -f latin1 -t utf-8`"
                )
                raise InputFileError(message)
            names = tuple(name or "" for name in splitter.fields(first))
            score = (len(expected.intersection(names)), len(names))
            if score > best:
                best, found = score, (delimiter, names)
        if found is None:
            message = (
                f"{path}: has no header line that can be read; its first line must name columns"
            )
            raise InputFileError(message)
        for name in (names := found[1]):
            if names.count(name) > 1:
                message = (
                    f"{path}: the header has {name!r} {names.count(name)} times; "
                    "rename all but one of these columns"
                )
                raise InputFileError(message)
        return found

    def blocks(self) -> Generator[Block]:
        """Split the file into blocks of whole records; the header is in none."""
        is_header = True
        with self._content.open() as stream:
            stream.read(self._skipped)
            for block in cut_blocks(stream, self._splitter):
                if is_header and (spans := block.found()) and len(spans.starts):
                    is_header = False
                    yield Block(
                        block.text,
                        block.first,
                        Spans(spans.starts[1:], spans.ends[1:], spans.positions[1:]),
                        odd=frozenset(index - 1 for index in block.odd if index),
                        rejects=block.rejects,
                        done=block.done,
                    )
                else:
                    yield block

    def parse(self, block: Block, engine: Engine) -> Parsed:
        """Parse the records of one block.

        Raises:
            LakeError: not every record came back.
        """
        del engine
        parsed = self._parse_lines(block) if block.spans is None else None
        return parsed or self._parse_spans(block)

    def _parse_lines(self, block: Block) -> Parsed | None:
        """Parse lines as they are; None if one of them is blank, broken or too long for that."""
        import pyarrow as pa  # noqa: PLC0415

        if not is_utf8(block.text):
            return None
        try:
            read = self._reader.read(block.text, has_breaks=False)
        except pa.ArrowInvalid:
            return None
        count = block.line_count
        if read.table.num_rows + len(read.bad) != count:
            return None
        positions = np.arange(block.first, block.first + count, dtype=np.int64)
        if not len(read.bad):
            return Parsed(self._names, read.table, positions, block.rejects)
        spans = block.found()
        rejects = [
            reject(positions[i], "column_count", record(block, spans, i)) for i in read.bad.tolist()
        ]
        return Parsed(
            self._names,
            read.table,
            np.delete(positions, read.bad),
            (*block.rejects, *rejects),
        )

    def _parse_spans(self, block: Block) -> Parsed:
        spans = block.found()
        kept, rejects = sound(block, spans)
        odd = np.isin(kept, np.array(sorted(block.odd), np.int64))
        tidy = kept[~odd]
        text, _ = body(block, spans.at(tidy))
        longest = int((spans.ends - spans.starts)[tidy].max()) if len(tidy) else 0
        read = self._reader.read(text, longest=longest, has_breaks=True)
        if read.table.num_rows + len(read.bad) != len(tidy):
            message = (
                f"{self._content.path}: near line {block.first}: of {len(tidy)} records "
                f"{read.table.num_rows + len(read.bad)} came back; nothing was landed. "
                "Please report this with the lines around it."
            )
            raise LakeError(message)
        rejects += [
            reject(spans.positions[i], "column_count", record(block, spans, i))
            for i in tidy[read.bad].tolist()
        ]
        positions = spans.positions[np.delete(tidy, read.bad)]
        tidied = Parsed(self._names, read.table, positions, block.rejects)
        return join([tidied, self._parse_odd(block, spans, kept[odd], rejects)])

    def _parse_odd(
        self, block: Block, spans: Spans, indexes: Integers, rejects: list[Reject]
    ) -> Parsed:
        width = len(self._names)
        rows: list[list[str | None]] = []
        positions: list[int] = []
        for index in indexes.tolist():
            text = record(block, spans, index)
            values = self._splitter.fields(text)
            if len(values) == width:
                rows.append(values)
                positions.append(int(spans.positions[index]))
            else:
                rejects.append(reject(spans.positions[index], "column_count", text))
        columns = [[row[i] for row in rows] for i in range(width)]
        table = text_table(columns)
        return Parsed(self._names, table, np.array(positions, np.int64), tuple(rejects))
