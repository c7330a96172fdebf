"""CSV, TSV and the like."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.content import Content, Stream
from ingest.engine import Engine
from ingest.lines import skip_line
from ingest.records import (
    BLOCK_BYTES,
    MAX_RECORD_BYTES,
    Block,
    Integers,
    Parsed,
    Reject,
    body,
    is_utf8,
    merge,
    reject,
    sound,
    text_table,
)
from ingest.splitting import Splitter
from watchhouse.errors import InputFileError, LakeError

if TYPE_CHECKING:
    import pyarrow as pa

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
        self._delimiter, self._names = self._read_header(head, frozenset(expected))
        self._splitter = Splitter(self._delimiter)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, as the header has them."""
        return self._names

    def _read_header(self, head: bytes, expected: frozenset[str]) -> tuple[str, tuple[str, ...]]:
        path = self._content.path
        final = self._content.size <= len(self._content.head)
        best: tuple[int, int] = (-1, -1)
        found: tuple[str, tuple[str, ...]] | None = None
        for delimiter in DELIMITERS:
            splitter = Splitter(delimiter)
            # A few lines are enough, unless the header itself is longer.
            split = splitter.split(head[:65_536], line=1, final=final and len(head) <= 65_536)
            split = split or splitter.split(head, line=1, final=final)
            if split is None or not len(split.block.starts):
                continue
            block = split.block
            record = block.record(0)
            if not is_utf8(record):
                message = (
                    f"{path}: the header is not UTF-8; convert the file first, "
                    "for example with `iconv -f latin1 -t utf-8`"
                )
                raise InputFileError(message)
            names = tuple(name or "" for name in splitter.fields(record))
            score = (len(expected.intersection(names)), len(names))
            if score > best and not any(r.position < block.positions[0] for r in block.rejects):
                best, found = score, (delimiter, names)
        if found is None:
            message = (
                f"{path}: has no header line that can be read; its first line must name columns"
            )
            raise InputFileError(message)
        names = found[1]
        for name in names:
            if names.count(name) > 1:
                message = (
                    f"{path}: the header has {name!r} {names.count(name)} times; "
                    "rename all but one of these columns"
                )
                raise InputFileError(message)
        return found

    def blocks(self) -> Iterator[Block]:
        """Split the file into blocks of whole records; the header is in none."""
        with self._content.open() as stream:
            stream.read(self._skipped)
            header_seen = False
            for block in _blocks(stream, self._splitter):
                if header_seen or not len(block.starts):
                    yield block
                else:
                    header_seen = True
                    yield _without_first(block)

    def parse(self, block: Block, engine: Engine) -> Parsed:
        """Parse the records of one block.

        Raises:
            LakeError: the engine did not account for every record.
        """
        width = len(self._names)
        kept, rejects = sound(block)
        odd = np.isin(kept, np.array(sorted(block.odd), np.int64))
        tidy = kept[~odd]
        text, begins = body(block, tidy)
        table, offsets = engine.delimited(text, width=width, delimiter=self._delimiter)
        bad = np.searchsorted(begins, offsets)
        if table.num_rows + len(bad) != len(tidy):
            message = (
                f"{self._content.path}: near line {int(block.positions[0])}: {len(tidy)} records went "
                f"to the engine and {table.num_rows + len(bad)} came back; nothing was landed. "
                "Please report this with the lines around it."
            )
            raise LakeError(message)
        rejects += [
            reject(block.positions[i], "column_count", block.record(i)) for i in tidy[bad].tolist()
        ]
        positions = block.positions[np.delete(tidy, bad)]
        table, positions = merge(
            (table, positions), self._parse_odd(block, kept[odd], width, rejects)
        )
        return Parsed(self._names, table, positions, tuple([*block.rejects, *rejects]))

    def _parse_odd(
        self, block: Block, indexes: Integers, width: int, rejects: list[Reject]
    ) -> "tuple[pa.Table, Integers]":
        rows: list[list[str | None]] = []
        positions: list[int] = []
        for index in indexes.tolist():
            record = block.record(index)
            values = self._splitter.fields(record)
            if len(values) == width + 1 and values[-1] is None:
                # A trailing delimiter is no further column; the engine sees it the same way.
                values.pop()
            if len(values) == width:
                rows.append(values)
                positions.append(int(block.positions[index]))
            else:
                rejects.append(reject(block.positions[index], "column_count", record))
        columns = [[row[i] for row in rows] for i in range(width)]
        return text_table(columns, width), np.array(positions, np.int64)


def _without_first(block: Block) -> Block:
    return Block(
        text=block.text,
        starts=block.starts[1:],
        ends=block.ends[1:],
        positions=block.positions[1:],
        is_plain=False,
        odd=frozenset(i - 1 for i in block.odd if i),
        rejects=block.rejects,
    )


def _blocks(stream: Stream, splitter: Splitter) -> Iterator[Block]:
    rest = b""
    line = 1
    final = False
    while not final:
        piece = stream.read(BLOCK_BYTES)
        final = len(piece) < BLOCK_BYTES
        text = rest + piece if rest else piece
        if not text:
            return
        split = splitter.split(text, line=line, final=final)
        if split is not None:
            yield split.block
            rest, line = text[split.used_bytes :], split.next_line
        elif len(text) > MAX_RECORD_BYTES:
            broken, rest, final = skip_line(stream, text, line)
            yield broken
            line += 1
        else:
            rest = text
    if rest:
        # Only after a line that was skipped up to the end of the last piece.
        split = splitter.split(rest, line=line, final=True)
        if split is not None:
            yield split.block
