"""JSON arrays: elements found without parsing them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.blocks import record
from ingest.content import open_content
from ingest.jsonarrays import _Scanner, array_blocks

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

EVENT = {"user_id": "u1", "show_name": "A", "watch_date": "d", "watch_duration_minutes": 1}


@pytest.mark.parametrize("indent", [None, 2])
def test_elements_land_with_their_number(lake: "Lake", indent: int | None) -> None:
    array = [EVENT, 5, EVENT | {"device": 'x]"\\,{'}, EVENT | {"more": [[1], {"a": "b,c"}]}]
    assert lake.ingest(lake.write("a.json", json.dumps(array, indent=indent)))[0] == 0
    assert lake.rows("source_position, device, extras") == [
        (1, None, None),
        (3, 'x]"\\,{', None),
        (4, None, '{"more":"[[1],{\\"a\\":\\"b,c\\"}]"}'),
    ]
    assert lake.rejects("source_position, reason_code") == [(2, "not_an_object")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps([EVENT] * 3)[:-1], "ends before its closing bracket, near element 3"),
        (json.dumps([EVENT]) + json.dumps([EVENT]), "something follows the JSON array"),
        (json.dumps([EVENT]).replace("]", "}}]"), "brackets of the JSON array do not match"),
        ("[1]", "holds no JSON object at its start"),
    ],
)
def test_a_broken_array_lands_nothing(lake: "Lake", text: str, message: str) -> None:
    code, summary, _ = lake.ingest(lake.write("a.json", text))
    assert code == 1
    assert message in summary["files"][0]["error"]
    assert lake.entries() == []
    assert not list(lake.home.glob("raw/**/*.parquet"))


@pytest.mark.parametrize("text", ["[]", "\ufeff [\n\n ]\n"])
def test_an_array_without_elements_is_landed_as_that(lake: "Lake", text: str) -> None:
    code, summary, _ = lake.ingest(lake.write("a.json", text))
    totals = summary["totals"]
    assert (code, totals["landed_files"], totals["read"], totals["landed"]) == (0, 1, 0, 0)
    assert lake.ingest(lake.write("b.json", text))[1]["totals"]["already_landed_files"] == 1


def test_a_line_break_inside_a_string_is_not_mended(lake: "Lake") -> None:
    text = json.dumps([EVENT, EVENT]).replace('"A"', '"A\nB"', 1)
    assert lake.ingest(lake.write("a.json", text))[0] == 0
    assert lake.rejects("source_position, reason_code") == [(1, "invalid_json")]


def test_a_giant_element_is_set_aside(lake: "Lake") -> None:
    giant = EVENT | {"device": "x" * (20 * 1024 * 1024)}
    assert lake.ingest(lake.write("a.json", json.dumps([giant, EVENT, giant, EVENT])))[0] == 0
    assert lake.rows("source_position") == [(2,), (4,)]
    assert lake.rejects("source_position, reason_code") == [
        (1, "record_too_large"),
        (3, "record_too_large"),
    ]


VALUES = st.recursive(
    st.one_of(st.none(), st.integers(), st.text('"\\[]{},:a\n', max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text('"\\]'), inner)),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(array=st.lists(VALUES, max_size=6), indent=st.sampled_from([None, 1]), cut=st.integers(1, 9))
def test_the_size_of_the_pieces_makes_no_difference(
    array: list[Any], indent: int | None, cut: int
) -> None:
    text = json.dumps(array, indent=indent).encode()[1:]
    scanner = _Scanner(Path("a.json"))
    out = b""
    for at in range(0, len(text), cut):
        scanned = scanner.scan(text[at : at + cut])
        out += scanned.text
        if scanned.is_closed:
            assert at + cut >= len(text)
    lines = [line for line in out.split(b"\n") if line.strip()]
    assert [json.loads(line) for line in lines] == array


def test_elements_span_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    array = [EVENT | {"n": i, "pad": "x" * 50} for i in range(60_000)]
    path.write_text(json.dumps(array))
    found = 0
    for block in array_blocks(open_content(path)):
        spans = block.found()
        for index in range(len(spans.starts)):
            found += 1
            assert spans.positions[index] == found
            assert json.loads(record(block, spans, index))["n"] == found - 1
    assert found == len(array)
