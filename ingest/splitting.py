"""Where records start and end in delimited text, quotes considered.

A quote opens a quoted field only as the field's first character; inside, a doubled quote stands
for one, and the field closes with a quote before a delimiter or line end. Anywhere else a quote is
text. A record that starts a quoted field and does not close it properly is set aside up to the
end of its first line, and splitting goes on with the next line: one stray quote costs one line, not
the rest of the file.
"""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.blocks import Block, Cut, Lines, Spans
from ingest.records import MAX_RECORD_BYTES, Integers, Reject, reject

_QUOTE: Final = 34
_LINE_FEED: Final = 10
_CARRIAGE_RETURN: Final = 13
_FIRST_BYTES: Final = 65_536
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


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

    def cut(self, buffer: bytearray, size: int, *, line: int, final: bool) -> Cut | None:
        """Cut the first `size` bytes, which start with a record; see `Cutter`."""
        has_quotes = buffer.find(b'"', 0, size) >= 0
        has_returns = buffer.find(b"\r", 0, size) >= 0
        if not has_quotes and not has_returns:
            return Lines(blank=b"").cut(buffer, size, line=line, final=final)
        cut = self._cut_evenly(
            memoryview(buffer)[:size],
            line=line,
            final=final,
            has_quotes=has_quotes,
            has_returns=has_returns,
        )
        if cut is None:
            cut = self._cut_carefully(bytes(buffer[:size]), line=line, final=final)
        return cut if cut.used else None

    def _cut_evenly(
        self, text: memoryview, *, line: int, final: bool, has_quotes: bool, has_returns: bool
    ) -> Cut | None:
        """Cut by counting quotes, in vectors; None where that could be wrong."""
        array = np.frombuffer(text, np.uint8)
        breaks = _breaks(array, final=final) if has_returns else np.flatnonzero(array == _LINE_FEED)
        quotes = np.flatnonzero(array == _QUOTE) if has_quotes else None
        inner = breaks
        if quotes is not None:
            if final and len(quotes) % 2:
                return None
            inner = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        if not len(inner):
            return None
        used = int(inner[-1]) + 1
        if quotes is not None and not self._is_regular(array, quotes, used):
            return None
        starts = np.concatenate(([0], inner[:-1] + 1))
        numbers = (
            np.arange(len(starts), dtype=np.int64)
            if quotes is None
            else np.searchsorted(breaks, starts)
        )
        ends = inner
        if has_returns:
            is_pair = (array[np.maximum(inner - 1, 0)] == _CARRIAGE_RETURN) & (
                array[inner] == _LINE_FEED
            )
            ends = inner - (is_pair & (inner > 0))
        filled = ends > starts
        block = Block(
            text[:used],
            line,
            Spans(starts[filled], ends[filled], numbers[filled] + line),
            is_plain=not has_returns and bool(filled.all()),
        )
        return Cut(block, used, line + int(np.searchsorted(breaks, used)))

    def _is_regular(self, array: NDArray[np.uint8], quotes: Integers, used: int) -> bool:
        """Tell whether every quote stands where opening and closing ones may stand."""
        quotes = quotes[quotes < used]
        opening, closing = quotes[0::2], quotes[1::2]
        before = array[opening[opening > 0] - 1]
        after = array[closing[closing + 1 < len(array)] + 1]
        allowed = self._before_quote
        return bool(np.isin(before, allowed).all() and np.isin(after, allowed).all())

    def _cut_carefully(self, text: bytes, *, line: int, final: bool) -> Cut:
        """Cut record by record: right for any text, at a tenth of the speed."""
        starts: list[int] = []
        ends: list[int] = []
        positions: list[int] = []
        odd: set[int] = set()
        rejects: list[Reject] = []
        first = line
        at = 0
        while at < len(text):
            closed = _LINE_END.search(text, at)
            if not final and (closed is None or _may_go_on(closed)):
                break
            line_end, after = closed.span() if closed else (len(text), len(text))
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
        spans = Spans(
            np.array(starts, np.int64), np.array(ends, np.int64), np.array(positions, np.int64)
        )
        block = Block(
            memoryview(text)[:at], first, spans, odd=frozenset(odd), rejects=tuple(rejects)
        )
        return Cut(block, at, line)

    def first(self, head: bytes, *, final: bool) -> bytes | None:
        """Return the first record of a text, if that is sound."""
        # A few lines are enough, unless the first is longer.
        for size in (min(_FIRST_BYTES, len(head)), len(head)):
            is_end = final and size == len(head)
            cut = self.cut(bytearray(head[:size]), size, line=1, final=is_end)
            if cut is not None and len((spans := cut.block.found()).starts):
                rejects = cut.block.rejects
                if not rejects or rejects[0].position > spans.positions[0]:
                    return bytes(cut.block.text[spans.starts[0] : spans.ends[0]])
                return None
        return None

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


def _breaks(array: NDArray[np.uint8], *, final: bool) -> Integers:
    """Return where lines end: at the line feed, or at a carriage return that has none."""
    feeds = np.flatnonzero(array == _LINE_FEED)
    returns = np.flatnonzero(array == _CARRIAGE_RETURN)
    if len(returns) and returns[-1] == len(array) - 1:
        alone = np.append(array[returns[:-1] + 1] != _LINE_FEED, final)
    else:
        alone = array[returns + 1] != _LINE_FEED
    return np.sort(np.concatenate((feeds, returns[alone]))) if alone.any() else feeds
