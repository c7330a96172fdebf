"""Blocks of text in which every line is a record."""

from collections.abc import Generator
from typing import Final

import numpy as np

from ingest.content import Content, Stream
from ingest.records import (
    BLOCK_BYTES,
    MAX_RECORD_BYTES,
    MAX_REJECT_CHARACTERS,
    Block,
    Reject,
    reject,
)

_LINE_FEED: Final = 10
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b" \t\r"


def line_blocks(content: Content) -> Generator[Block]:
    """Split a file into blocks of whole lines; a blank line is no record, but it is counted."""
    with content.open() as stream:
        if content.head.startswith(_BOM):
            stream.read(len(_BOM))
        rest, line, final = b"", 1, False
        while not final:
            piece = stream.read(BLOCK_BYTES)
            final = len(piece) < BLOCK_BYTES
            text = rest + piece if rest else piece
            used = len(text) if final else text.rfind(b"\n") + 1
            if used:
                block, line = block_of_lines(text if used == len(text) else text[:used], line)
                rest = text[used:]
                yield block
            elif len(text) > MAX_RECORD_BYTES:
                broken, rest, final = skip_line(stream, text, line)
                line += 1
                yield broken
            else:
                rest = text
        if rest:
            yield block_of_lines(rest, line)[0]


def block_of_lines(text: bytes, line: int) -> tuple[Block, int]:
    """Make a block of lines, the first being number `line`; return the number that follows."""
    array = np.frombuffer(text, np.uint8)
    feeds = np.flatnonzero(array == _LINE_FEED)
    is_closed = text.endswith(b"\n")
    ends = feeds if is_closed else np.append(feeds, len(text))
    starts = np.concatenate(([0], feeds + 1))[: len(ends)]
    positions = np.arange(line, line + len(starts), dtype=np.int64)
    # Only a line that starts with white space can be blank.
    first = array[np.minimum(starts, len(text) - 1)] if len(text) else array
    suspects = np.flatnonzero((ends == starts) | np.isin(first, np.frombuffer(_BLANK, np.uint8)))
    blank = [i for i in suspects.tolist() if not text[starts[i] : ends[i]].strip(_BLANK)]
    kept = np.ones(len(starts), np.bool_)
    kept[blank] = False
    block = Block(
        text=text,
        starts=starts[kept],
        ends=ends[kept],
        positions=positions[kept],
        is_plain=is_closed and not blank,
    )
    return block, line + len(feeds)


def skip_line(stream: Stream, text: bytes, line: int) -> tuple[Block, bytes, bool]:
    """Pass over a line that is longer than any record may be, keeping its start as a reject.

    Returns a block of that one reject, the text that follows the line, and whether the stream is
    at its end.
    """
    start = text[: 4 * MAX_REJECT_CHARACTERS]
    final = False
    while (end := text.find(b"\n")) < 0 and not final:
        text = stream.read(BLOCK_BYTES)
        final = len(text) < BLOCK_BYTES
    block = block_of_reject(reject(line, "record_too_large", start))
    return block, text[end + 1 :] if end >= 0 else b"", final


def block_of_reject(rejected: Reject) -> Block:
    """Make a block that holds nothing but one record already known to be broken."""
    nothing = np.array([], np.int64)
    return Block(
        text=b"",
        starts=nothing,
        ends=nothing,
        positions=nothing,
        is_plain=False,
        rejects=(rejected,),
    )
