"""What a file is while it passes through the loader: blocks of text, then records."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES: Final = 16 * 1024 * 1024
"""Text handed to the engine at a time; what bounds memory, whatever the size of the file."""

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024
"""Longer records are set aside. No viewing event comes near; a broken file may."""

MAX_REJECT_CHARACTERS: Final = 16_384
"""How much of a rejected record's text is kept."""

ReasonCode = Literal[
    "invalid_utf8",
    "column_count",
    "invalid_quoting",
    "invalid_json",
    "not_an_object",
    "record_too_large",
]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Reject:
    """A record that could not be split; `record` is its text, cut to a sane length."""

    position: int
    reason_code: ReasonCode
    record: str


def reject(position: int, reason_code: ReasonCode, text: bytes) -> Reject:
    """Make a reject; bytes that are not UTF-8 are shown as U+FFFD."""
    # Four bytes a character at most: never decode 200 MB to keep 16 kB.
    shown = text[: 4 * MAX_REJECT_CHARACTERS].decode("utf-8", "replace")
    return Reject(int(position), reason_code, shown[:MAX_REJECT_CHARACTERS])


@dataclass(frozen=True)
class Block:
    """Text that begins and ends between records, with where each record is in it.

    `starts` and `ends` exclude line ends; blank lines are no records. `positions` is the
    `source_position` of each. `is_plain` says that the text is the records joined by single line
    feeds, so that the engine may read it as it is. `odd` are indexes of records whose quoting
    only our own reading gets right. `rejects` are records already found to be broken; they are
    not among the others.
    """

    text: bytes
    starts: Integers
    ends: Integers
    positions: Integers
    is_plain: bool
    odd: frozenset[int] = frozenset()
    rejects: tuple[Reject, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of text."""
        return len(self.text)

    def record(self, index: int) -> bytes:
        """Return the text of one record."""
        return self.text[self.starts[index] : self.ends[index]]


@dataclass(frozen=True)
class Parsed:
    """Records of one block as text columns, one per name, in the order of the file."""

    names: tuple[str, ...]
    table: "pa.Table"
    positions: Integers
    rejects: tuple[Reject, ...]


@dataclass(frozen=True)
class Records:
    """Records in canonical columns, identifiers still as received, in the order of the file.

    `table` holds the columns of the stream and `extras`, all text.
    """

    table: "pa.Table"
    positions: Integers
    rejects: tuple[Reject, ...] = ()


def is_utf8(text: bytes) -> bool:
    """Tell whether `text` is valid UTF-8, without making a string of it."""
    import pyarrow as pa  # noqa: PLC0415 - not for `--help`

    offsets = pa.py_buffer(np.array([0, len(text)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def sound(block: Block) -> tuple[Integers, list[Reject]]:
    """Return the indexes of records that are UTF-8 and of sane size, and rejects for the others."""
    large = np.flatnonzero(block.ends - block.starts > MAX_RECORD_BYTES)
    rejects = [
        reject(block.positions[i], "record_too_large", block.record(i)) for i in large.tolist()
    ]
    dropped = large.tolist()
    if not is_utf8(block.text):
        known = set(dropped)
        for index in range(len(block.starts)):
            if index not in known and not is_utf8(record := block.record(index)):
                rejects.append(reject(block.positions[index], "invalid_utf8", record))
                dropped.append(index)
    kept = np.ones(len(block.starts), np.bool_)
    kept[dropped] = False
    return np.flatnonzero(kept), rejects


def body(block: Block, indexes: Integers) -> tuple[bytes, Integers]:
    """Return the text of some records, each closed by a line feed, and where each starts in it."""
    if block.is_plain and len(indexes) == len(block.starts):
        return block.text, block.starts
    starts, ends = block.starts[indexes], block.ends[indexes]
    text = block.text
    pieces = [text[s:e] for s, e in zip(starts.tolist(), ends.tolist(), strict=True)]
    lengths = ends - starts + 1
    begins = np.cumsum(lengths) - lengths
    return b"\n".join(pieces) + b"\n" if pieces else b"", begins


def text_table(columns: Iterable[Iterable[str | None]], width: int) -> "pa.Table":
    """Make a table of text columns, named as the engine names them."""
    import pyarrow as pa  # noqa: PLC0415

    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table(arrays, names=[f"c{i}" for i in range(width)])


def merge(
    first: tuple["pa.Table", Integers], second: tuple["pa.Table", Integers]
) -> tuple["pa.Table", Integers]:
    """Join records read in two ways, ordered by position."""
    import pyarrow as pa  # noqa: PLC0415

    if not len(second[1]):
        return first
    if not len(first[1]):
        return second
    positions = np.concatenate((first[1], second[1]))
    order = np.argsort(positions, kind="stable")
    table = pa.concat_tables([first[0], second[0]])
    return table.take(pa.array(order)), positions[order]
