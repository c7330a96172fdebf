"""The splitter against a plain reading of the same rules, on text made to be difficult."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.blocks import Block, record
from ingest.splitting import Splitter

PIECES = st.sampled_from(['"', ",", "\n", "\r\n", "\r", "a", "bc", '""', " ", '"x",', "1,2\n"])


def _records(text: bytes, *, step: int) -> tuple[list[tuple[int, bytes]], list[tuple[int, str]]]:
    """Split text that arrives `step` bytes at a time, as a stream does."""
    splitter = Splitter(",")
    good: list[tuple[int, bytes]] = []
    bad: list[tuple[int, str]] = []
    rest, line, at = b"", 1, 0
    while at < len(text) or rest:
        rest, at = rest + text[at : at + step], at + step
        final = at >= len(text)
        if final and not rest.endswith(b"\n"):
            rest += b"\n"
        cut = splitter.cut(bytearray(rest), len(rest), line=line, final=final)
        if cut is None:
            assert not final
            continue
        block: Block = cut.block
        spans = block.found()
        good += [
            (int(spans.positions[i]), record(block, spans, i)) for i in range(len(spans.starts))
        ]
        bad += [(reject.position, reject.record or "") for reject in block.rejects]
        rest, line = rest[cut.used :], cut.next_line
    return good, bad


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=40), st.integers(1, 50))
def test_the_size_of_the_pieces_makes_no_difference(pieces: list[str], step: int) -> None:
    text = "".join(pieces).encode()
    assert _records(text, step=step) == _records(text, step=len(text) + 1)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.text('a",\n\r ', min_size=1), min_size=2, max_size=3), max_size=8))
def test_what_a_writer_quotes_comes_back(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    good, bad = _records(out.getvalue().encode(), step=7)
    assert not bad
    splitter = Splitter(",")
    assert [splitter.fields(text) for _, text in good] == rows


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30))
def test_every_line_is_in_exactly_one_record_or_reject(pieces: list[str]) -> None:
    text = "".join(pieces)
    good, bad = _records(text.encode(), step=10_000)
    lines = io.StringIO(text, newline="").read().replace("\r\n", "\n").replace("\r", "\n")
    owned: list[int] = [line for line, _ in bad]
    for line, part in good:
        breaks = part.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
        owned += range(line, line + breaks + 1)
    filled = [number for number, line in enumerate(lines.split("\n"), start=1) if line]
    assert len(owned) == len(set(owned))
    assert set(filled) <= set(owned)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'a,"b""c",d', ["a", 'b"c', "d"]),
        (b'"a,b",', ["a,b", None]),
        (b',"",x', [None, None, "x"]),
        (b'5" disk,"y"', ['5" disk', "y"]),
    ],
)
def test_fields(text: bytes, expected: list[str | None]) -> None:
    assert Splitter(",").fields(text) == expected
