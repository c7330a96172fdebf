"""A JSON array, rewritten as lines: one element per line, without parsing any of them."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.blocks import BLOCK_BYTES, Block, block_of_reject
from ingest.content import Content
from ingest.records import MAX_RECORD_BYTES, MAX_REJECT_CHARACTERS, Integers, reject
from watchhouse.errors import InputFileError

_BOM: Final = b"\xef\xbb\xbf"
_BACKSLASH, _QUOTE, _COMMA = b"\\"[0], b'"'[0], b","[0]
_LINE_FEED, _SPACE, _INVALID = 10, 32, 1
_STRUCTURE: Final = np.zeros(256, np.bool_)
_STRUCTURE[list(b"{}[],")] = True
_DEPTHS: Final = np.zeros(256, np.int64)
_DEPTHS[list(b"{[")] = 1
_DEPTHS[list(b"}]")] = -1


def array_blocks(content: Content) -> Generator[Block]:
    """Split a file that holds one JSON array into blocks of its elements.

    The position of an element is its number, the first being 1.

    Raises:
        InputFileError: the array is not closed, or brackets do not match.
    """
    scanner = _Scanner(content.path)
    with content.open() as stream:
        head = stream.read(BLOCK_BYTES).removeprefix(_BOM).lstrip()[1:]
        rest, start, element, skipping = b"", b"", 1, False
        piece = head
        while True:
            scanned = scanner.scan(piece)
            text = rest + scanned.text
            used = scanned.last_end + len(rest) if scanned.last_end else 0
            if skipping and used:
                # The element that was too long ends with the first line of this text.
                end = text.index(b"\n") + 1
                yield block_of_reject(reject(element, "record_too_large", start))
                text, used, element, skipping = text[end:], used - end, element + 1, False
            if used:
                count = text.count(b"\n", 0, used)
                yield Block(memoryview(text)[:used], element, line_count=count, blank=b" ")
                element += count
                text = text[used:]
            if skipping:
                text = b""
            elif len(text) > MAX_RECORD_BYTES:
                start, text, skipping = text[: 4 * MAX_REJECT_CHARACTERS], b"", True
            rest = text
            if scanned.is_closed:
                scanner.expect_nothing(scanned.after)
                while piece := stream.read(BLOCK_BYTES):
                    scanner.expect_nothing(piece)
                return
            piece = stream.read(BLOCK_BYTES)
            if not piece:
                message = (
                    f"{content.path}: the JSON array ends before its closing bracket, near element "
                    f"{element}; fetch the file again, or mend it"
                )
                raise InputFileError(message)


@dataclass(frozen=True)
class _Scanned:
    """A piece of the array, rewritten.

    `last_end` is the offset after the last line feed that ends an element, 0 if there is none;
    `after` what follows the closing bracket.
    """

    text: bytes
    last_end: int
    is_closed: bool
    after: bytes


class _Scanner:
    """Follows strings and brackets from piece to piece."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._in_string = 0
        self._is_escaped = False
        self._depth = 0

    def scan(self, piece: bytes) -> _Scanned:
        array = np.frombuffer(bytearray(piece), np.uint8)
        quotes = self._quotes(piece, array)
        marks = np.flatnonzero(_STRUCTURE[array])
        marks = marks[self._are_outside(quotes, marks)]
        values = array[marks]
        depths = self._depth + np.cumsum(_DEPTHS[values])
        closing = np.flatnonzero(depths < 0)
        after = b""
        if len(closing):
            end = int(marks[closing[0]])
            if piece[end : end + 1] != b"]":
                message = (
                    f"{self._path}: the brackets of the JSON array do not match; mend the file"
                )
                raise InputFileError(message)
            after = piece[end + 1 :]
            array = array[: end + 1]
            # The bracket ends the last element as a comma would.
            ends = np.append(marks[: closing[0]][self._ends(values, depths)[: closing[0]]], end)
        else:
            ends = marks[self._ends(values, depths)]
            self._depth = int(depths[-1]) if len(depths) else self._depth
        breaks = np.flatnonzero((array == _LINE_FEED) | (array == b"\r"[0]))
        outside = self._are_outside(quotes, breaks)
        array[breaks[outside]] = _SPACE
        # A line break inside a string is not JSON, and must not become JSON by our doing.
        array[breaks[~outside]] = _INVALID
        array[ends] = _LINE_FEED
        self._in_string = (self._in_string + len(quotes)) % 2
        last_end = int(ends[-1]) + 1 if len(ends) else 0
        return _Scanned(array.tobytes(), last_end, bool(len(closing)), after)

    @staticmethod
    def _ends(values: NDArray[np.uint8], depths: Integers) -> NDArray[np.bool_]:
        ends: NDArray[np.bool_] = (values == _COMMA) & (depths == 0)
        return ends

    def _are_outside(self, quotes: Integers, offsets: Integers) -> NDArray[np.bool_]:
        outside: NDArray[np.bool_] = (np.searchsorted(quotes, offsets) + self._in_string) % 2 == 0
        return outside

    def _quotes(self, piece: bytes, array: NDArray[np.uint8]) -> Integers:
        """Return the offsets of quotes that are not escaped."""
        quotes = np.flatnonzero(array == _QUOTE)
        was_escaped, self._is_escaped = self._is_escaped, False
        if b"\\" not in piece and not was_escaped:
            return quotes
        slashes = np.flatnonzero(array == _BACKSLASH)
        if was_escaped:
            # The first byte belongs to the backslash that ended the piece before.
            quotes, slashes = quotes[quotes > 0], slashes[slashes > 0]
        if not len(slashes):
            return quotes
        begins = np.append(True, np.diff(slashes) != 1)
        run = np.maximum.accumulate(np.where(begins, slashes, 0))
        escapes = slashes[(slashes - run) % 2 == 0]
        self._is_escaped = bool(len(array)) and int(escapes[-1]) == len(array) - 1
        return quotes[~np.isin(quotes, escapes + 1)]

    def expect_nothing(self, text: bytes) -> None:
        if text.strip():
            message = f"{self._path}: something follows the JSON array; give one array per file"
            raise InputFileError(message)
