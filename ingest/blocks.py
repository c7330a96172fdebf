"""Memory for the text of a file: filled, cut between records, parsed, and filled again."""

import queue
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np

from ingest.content import Reading
from ingest.records import MAX_RECORD_BYTES, MAX_REJECT_CHARACTERS, Integers, Reject, reject

BLOCK_BYTES: Final = 4 * 1024 * 1024
"""Text parsed at a time; what bounds memory, whatever the size of the file."""

_MOST_LINES: Final = 100_000
_SLICE_BYTES: Final = 128 * 1024
_LINE_FEED: Final = 10


@dataclass(frozen=True)
class Spans:
    """Where records are in a text, line ends excluded; `positions` are their `source_position`."""

    starts: Integers
    ends: Integers
    positions: Integers

    def at(self, indexes: Integers) -> "Spans":
        """Return some of the records."""
        return Spans(self.starts[indexes], self.ends[indexes], self.positions[indexes])


NOTHING: Final = Spans(*(np.array([], np.int64) for _ in range(3)))


def line_spans(text: memoryview, first: int, *, blank: bytes) -> Spans:
    """Find the lines of a text that ends with a line feed.

    Lines of nothing but `blank` characters are counted, not found.
    """
    array = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(array == _LINE_FEED)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    positions = np.arange(first, first + len(starts), dtype=np.int64)
    if not len(starts):
        return NOTHING
    # Only a line that starts with white space can be blank.
    suspects = np.isin(array[starts], np.frombuffer(blank + b"\n", np.uint8))
    kept = ~suspects
    for index in np.flatnonzero(suspects).tolist():
        kept[index] = bool(bytes(text[starts[index] : ends[index]]).strip(blank or b"\n"))
    return Spans(starts[kept], ends[kept], positions[kept])


@dataclass(frozen=True)
class Block:
    """Text that begins and ends between records, closed by a line feed.

    `first` is the position of its first line. `spans` says where the records are, if finding out
    took more than looking for line feeds; otherwise `line_count` is their number, `has_returns`
    tells whether there are carriage returns among them, and lines of nothing but `blank`
    characters are no records. `odd` are indexes of records that only our own reading gets right.
    `rejects` are records already found to be broken; they are not in `spans`. `done` gives the
    memory of the text back.
    """

    text: memoryview
    first: int
    spans: Spans | None = None
    line_count: int = -1
    has_returns: bool = False
    blank: bytes = b""
    is_plain: bool = False
    odd: frozenset[int] = frozenset()
    rejects: tuple[Reject, ...] = ()
    done: Callable[[], None] = field(default=lambda: None, repr=False)

    @property
    def size(self) -> int:
        """Bytes of text."""
        return len(self.text)

    def found(self) -> Spans:
        """Return where the records are."""
        if self.spans is None:
            return line_spans(self.text, self.first, blank=self.blank)
        return self.spans


def block_of_reject(rejected: Reject) -> Block:
    """Make a block that holds nothing but one record already known to be broken."""
    return Block(memoryview(b""), rejected.position, NOTHING, rejects=(rejected,))


@dataclass(frozen=True)
class Cut:
    """How far a block reaches into a text, and the number of the line that follows."""

    block: Block
    used: int
    next_line: int


class Cutter(Protocol):
    """Decides where a text can be cut."""

    def cut(self, buffer: bytearray, size: int, *, line: int, final: bool) -> Cut | None:
        """Cut the first `size` bytes, which start with a record at `line`; None if it needs more.

        `final` says that nothing follows; the text then ends with a line feed.
        """


class Lines:
    """Cuts after any line."""

    def __init__(self, *, blank: bytes) -> None:
        """Treat lines of nothing but `blank` characters as no records."""
        self._blank = blank

    def cut(self, buffer: bytearray, size: int, *, line: int, final: bool) -> Cut | None:
        """Cut after the last line feed."""
        del final
        used = buffer.rfind(b"\n", 0, size) + 1
        if not used:
            return None
        count = count_byte(memoryview(buffer)[:used], _LINE_FEED)
        block = Block(
            memoryview(buffer)[:used],
            line,
            line_count=count,
            has_returns=buffer.find(b"\r", 0, used) >= 0,
            blank=self._blank,
        )
        return Cut(block, used, line + count)


def cut_blocks(stream: Reading, cutter: Cutter) -> Generator[Block]:
    """Read a stream as blocks of whole records.

    The memory of a block is used again once its `done` was called.
    """
    free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
    rest = b""
    line = 1
    final = False
    needs_more = True
    while not final or rest:
        buffer = _take(free, len(rest) + BLOCK_BYTES + 1)
        buffer[: len(rest)] = rest
        size = len(rest)
        if not final and (needs_more or size < BLOCK_BYTES // 2):
            read = stream.read_into(memoryview(buffer)[size : size + BLOCK_BYTES])
            size += read
            final = read < BLOCK_BYTES
        if not size:
            return
        if final and buffer[size - 1] != _LINE_FEED:
            buffer[size] = _LINE_FEED
            size += 1
        cut = _cut_few(cutter, buffer, size, line)
        if cut is None:
            cut = cutter.cut(buffer, size, line=line, final=final)
        needs_more = cut is None
        if cut is not None:
            rest, line = bytes(memoryview(buffer)[cut.used : size]), cut.next_line
            yield _lend(cut.block, buffer, free)
        elif size > MAX_RECORD_BYTES:
            start = bytes(buffer[: 4 * MAX_REJECT_CHARACTERS])
            rest, final = _skip_line(stream, buffer, size, final=final)
            yield block_of_reject(reject(line, "record_too_large", start))
            line += 1
        else:
            rest = bytes(memoryview(buffer)[:size])


def _cut_few(cutter: Cutter, buffer: bytearray, size: int, line: int) -> Cut | None:
    """Cut a shorter block where lines are tiny: each may become a reject, which costs memory."""
    # The start tells about the rest; where it does not, a block costs more memory.
    start = min(size, _SLICE_BYTES)
    lines = buffer.count(b"\n", 0, start) * size // max(start, 1)
    if lines <= 2 * _MOST_LINES:
        return None
    return cutter.cut(buffer, size * _MOST_LINES // lines, line=line, final=False)


def _take(free: "queue.SimpleQueue[bytearray]", size: int) -> bytearray:
    try:
        buffer = free.get_nowait()
    except queue.Empty:
        return bytearray(size + 64 * 1024)
    return buffer if len(buffer) >= size else bytearray(size)


def _lend(block: Block, buffer: bytearray, free: "queue.SimpleQueue[bytearray]") -> Block:
    return replace(block, done=lambda: free.put(buffer))


def _skip_line(stream: Reading, buffer: bytearray, size: int, *, final: bool) -> tuple[bytes, bool]:
    """Pass over a line longer than any record may be; return what follows, and if that is all."""
    while (end := buffer.find(b"\n", 0, size)) < 0 and not final:
        size = stream.read_into(memoryview(buffer)[:BLOCK_BYTES])
        final = size < BLOCK_BYTES
    return (bytes(buffer[end + 1 : size]) if end >= 0 else b""), final


def count_byte(text: memoryview, byte: int) -> int:
    """Count a byte, several times faster than `bytes.count` does where it is frequent."""
    return _count(text, np.equal, byte)


def count_below(text: memoryview, byte: int) -> int:
    """Count the bytes that are less than `byte`."""
    return _count(text, np.less, byte)


def _count(text: memoryview, compare: np.ufunc, byte: int) -> int:
    # In slices that stay in the processor's cache, as does the room for what is found in them.
    array = np.frombuffer(text, np.uint8)
    found = np.empty(_SLICE_BYTES, np.bool_)
    total = 0
    for start in range(0, len(array), _SLICE_BYTES):
        part = array[start : start + _SLICE_BYTES]
        total += int(np.count_nonzero(compare(part, byte, out=found[: len(part)])))
    return total


def has_byte(text: memoryview, byte: bytes) -> bool:
    """Tell whether a byte occurs."""
    whole = text.obj
    # Blocks begin where their memory begins.
    if isinstance(whole, bytearray | bytes):
        return whole.find(byte, 0, len(text)) >= 0
    return byte in bytes(text)


def is_utf8(text: memoryview | bytes) -> bool:
    """Tell whether `text` is valid UTF-8, without making a string of it."""
    import pyarrow as pa  # noqa: PLC0415 - not for `--help`

    offsets = pa.py_buffer(np.array([0, len(text)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def sound(block: Block, spans: Spans) -> tuple[Integers, list[Reject]]:
    """Return the indexes of records that are UTF-8 and of sane size, and rejects for the others."""
    dropped = np.flatnonzero(spans.ends - spans.starts > MAX_RECORD_BYTES).tolist()
    rejects = [
        reject(spans.positions[i], "record_too_large", record(block, spans, i)) for i in dropped
    ]
    if not is_utf8(block.text):
        known = set(dropped)
        for index in range(len(spans.starts)):
            if index in known:
                continue
            text = record(block, spans, index)
            if not is_utf8(text):
                rejects.append(reject(spans.positions[index], "invalid_utf8", text))
                dropped.append(index)
    kept = np.ones(len(spans.starts), np.bool_)
    kept[dropped] = False
    return np.flatnonzero(kept), rejects


def record(block: Block, spans: Spans, index: int) -> bytes:
    """Return the text of one record."""
    return bytes(block.text[spans.starts[index] : spans.ends[index]])


def body(block: Block, spans: Spans) -> tuple[memoryview, Integers]:
    """Return the text of some records, each closed by a line feed, and where each starts in it."""
    if len(spans.starts) == block.line_count or (
        block.is_plain and block.spans is not None and len(spans.starts) == len(block.spans.starts)
    ):
        return block.text, spans.starts
    starts, ends, text = spans.starts, spans.ends, block.text
    pieces = [text[s:e] for s, e in zip(starts.tolist(), ends.tolist(), strict=True)]
    lengths = ends - starts + 1
    begins = np.cumsum(lengths) - lengths
    return memoryview(b"\n".join(pieces) + b"\n" if pieces else b""), begins
