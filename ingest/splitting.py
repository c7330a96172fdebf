"""Where records start and end in delimited text, quotes considered.

A quote opens a quoted field only as the field's first character; inside, a doubled quote stands
for one, and the field closes with a quote before a delimiter or line end. Anywhere else a quote is
text. A record that starts a quoted field and does not close it properly is set aside up to the
end of its first line, and splitting goes on with the next line: one stray quote costs one line, not
the rest of the file.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.records import MAX_RECORD_BYTES, Block, Integers, Reject, reject

_QUOTE: Final = 34
_LINE_FEED: Final = 10
_CARRIAGE_RETURN: Final = 13
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True)
class Split:
    """A block, how many bytes it took, and the number of the line that follows."""

    block: Block
    used_bytes: int
    next_line: int


class Splitter:
    """Splits text with one delimiter; knows nothing of columns."""

    def __init__(self, delimiter: str) -> None:
        """Prepare to split at `delimiter`, one ASCII character."""
        d = re.escape(delimiter.encode())
        quoted = rb'"[^"]*+(?:""[^"]*+)*+"(?=' + d + rb"|[\r\n]|\Z)"
        end = rb"(?=\r\n|[\r\n]|\Z)"
        tidy = rb"(?:" + quoted + rb'|[^"\r\n' + d + rb"]*+)"
        loose = rb"(?:" + quoted + rb'|(?!")[^\r\n' + d + rb"]*+)"
        self._tidy = re.compile(tidy + rb"(?:" + d + tidy + rb")*+" + end)
        self._loose = re.compile(loose + rb"(?:" + d + loose + rb")*+" + end)
        self._open = re.compile(
            rb"(?:" + loose + d + rb')*+"[^"]*+(?:""[^"]*+)*+\Z',
        )
        self._field = re.compile(rb"(" + loose + rb")(" + d + rb"|\Z)")
        self._before_quote = np.frombuffer(delimiter.encode() + b'\r\n"', np.uint8)

    def split(self, text: bytes, *, line: int, final: bool) -> Split | None:
        """Split text that starts with a record, at physical line `line`; None if it needs more.

        `final` says that nothing follows. What is left of the text after the last whole record
        is not used.
        """
        split = self._split_evenly(text, line=line, final=final)
        if split is None:
            split = self._split_carefully(text, line=line, final=final)
        return split if split.used_bytes else None

    def _split_evenly(self, text: bytes, *, line: int, final: bool) -> Split | None:
        """Split by counting quotes, in vectors; None where that could be wrong."""
        array = np.frombuffer(text, np.uint8)
        breaks, has_returns = _breaks(text, array, final=final)
        quotes = np.flatnonzero(array == _QUOTE) if b'"' in text else None
        inner = breaks
        if quotes is not None:
            if final and len(quotes) % 2:
                return None
            inner = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        if final and (not len(inner) or inner[-1] != len(text) - 1):
            inner = np.append(inner, len(text))
        if not len(inner):
            return None
        used = min(int(inner[-1]) + 1, len(text))
        if quotes is not None and not self._is_regular(array, quotes, used):
            return None
        starts = np.concatenate(([0], inner[:-1] + 1))
        lines = (
            np.arange(len(starts), dtype=np.int64)
            if quotes is None
            else np.searchsorted(breaks, starts)
        )
        ends = inner
        if has_returns:
            previous = np.maximum(inner - 1, 0)
            at = np.minimum(inner, len(text) - 1)
            pairs = (array[previous] == _CARRIAGE_RETURN) & (array[at] == _LINE_FEED)
            ends = inner - (pairs & (inner > 0) & (inner < len(text)))
        filled = ends > starts
        is_plain = not has_returns and bool(filled.all()) and used == int(inner[-1]) + 1
        block = Block(
            text=text if used == len(text) else text[:used],
            starts=starts[filled],
            ends=ends[filled],
            positions=lines[filled] + line,
            is_plain=is_plain,
        )
        return Split(block, used, line + int(np.searchsorted(breaks, used)))

    def _is_regular(self, array: np.typing.NDArray[np.uint8], quotes: Integers, used: int) -> bool:
        """Tell whether every quote stands where opening and closing ones may stand."""
        quotes = quotes[quotes < used]
        opening, closing = quotes[0::2], quotes[1::2]
        before = array[opening[opening > 0] - 1]
        after = array[closing[closing + 1 < len(array)] + 1]
        allowed = self._before_quote
        return bool(np.isin(before, allowed).all() and np.isin(after, allowed).all())

    def _split_carefully(self, text: bytes, *, line: int, final: bool) -> Split:
        """Split record by record: right for any text, at a tenth of the speed."""
        starts: list[int] = []
        ends: list[int] = []
        positions: list[int] = []
        odd: set[int] = set()
        rejects: list[Reject] = []
        at = 0
        while at < len(text):
            first = _LINE_END.search(text, at)
            if not final and (first is None or _may_go_on(first)):
                break
            line_end, after = first.span() if first else (len(text), len(text))
            end = line_end
            if text.find(b'"', at, line_end) >= 0:
                match = self._tidy.match(text, at) or self._loose.match(text, at)
                if match is None or (not final and match.end() == len(text)):
                    is_open = match is not None or self._open.match(text, at)
                    if not final and is_open and len(text) - at < MAX_RECORD_BYTES:
                        break
                    rejects.append(reject(line, "invalid_quoting", text[at:line_end]))
                    at, line = after, line + 1
                    continue
                end = match.end()
                if match.re is self._loose:
                    odd.add(len(starts))
                closing = _LINE_END.match(text, end)
                if not final and closing is not None and _may_go_on(closing):
                    break
                after = closing.end() if closing else end
            if end > at:
                starts.append(at)
                ends.append(end)
                positions.append(line)
            line += len(_LINE_END.findall(text, at, after)) if after > at else 0
            at = after
        block = Block(
            text=text[:at],
            starts=np.array(starts, np.int64),
            ends=np.array(ends, np.int64),
            positions=np.array(positions, np.int64),
            is_plain=False,
            odd=frozenset(odd),
            rejects=tuple(rejects),
        )
        return Split(block, at, line)

    def fields(self, record: bytes) -> list[str | None]:
        """Split one sound record into its fields; an empty field is None."""
        values: list[str | None] = []
        at = 0
        while match := self._field.match(record, at):
            field = match[1]
            if field.startswith(b'"'):
                field = field[1:-1].replace(b'""', b'"')
            values.append(field.decode() or None)
            at = match.end()
            if not match[2]:
                break
        return values


def _may_go_on(line_end: re.Match[bytes]) -> bool:
    """Tell whether a line end is a carriage return whose line feed may not have been read yet."""
    return line_end[0] == b"\r" and line_end.end() == len(line_end.string)


def _breaks(
    text: bytes, array: np.typing.NDArray[np.uint8], *, final: bool
) -> tuple[Integers, bool]:
    """Return where lines end (at the line feed, or a carriage return alone), and if any return."""
    feeds = np.flatnonzero(array == _LINE_FEED)
    if b"\r" not in text:
        return feeds, False
    returns = np.flatnonzero(array == _CARRIAGE_RETURN)
    if len(returns) and returns[-1] == len(text) - 1:
        alone = np.append(array[returns[:-1] + 1] != _LINE_FEED, final)
    else:
        alone = array[returns + 1] != _LINE_FEED
    if not alone.any():
        return feeds, True
    return np.sort(np.concatenate((feeds, returns[alone]))), True
