"""JSON lines: three ways of reading them that must be one."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.blocks import Lines, cut_blocks
from ingest.content import Content, open_content
from ingest.engine import Engine
from ingest.jsonlines import WHITE_SPACE, JsonRecords
from watchhouse.jsontext import read_object

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

BASE = '"user_id":"u1","show_name":"A","watch_date":"d"'


def test_numbers_keep_their_digits(lake: "Lake") -> None:
    numbers = [
        "1.50",
        "0",
        "-0",
        "1e2",
        "1E-07",
        "123456789012345678901234567890",
        "0.1000",
        "42.0",
    ]
    text = "".join(f'{{{BASE},"watch_duration_minutes":{n}}}\n' for n in numbers)
    assert lake.ingest(lake.write("a.ndjson", text))[0] == 0
    assert [row[0] for row in lake.rows("watch_duration_minutes")] == numbers


def test_values_of_every_kind(lake: "Lake") -> None:
    text = (
        f'{{{BASE},"watch_duration_minutes":true,"device":{{"a": [1.0, "\\u00e9"]}}}}\n'
        f'{{{BASE},"watch_duration_minutes":"","season":[],"device":"x\\ny\\"z"}}\n'
        f'{{{BASE},"watch_duration_minutes":1,"watch_duration_minutes":2,"device":"\\ud83d\\ude00"}}\n'
    )
    assert lake.ingest(lake.write("a.jsonl", text))[0] == 0
    assert lake.rows("watch_duration_minutes, season, device") == [
        ("true", None, '{"a":[1.0,"\u00e9"]}'),
        ("", "[]", 'x\ny"z'),
        ("1", None, "\U0001f600"),
    ]


def test_unknown_keys_become_extras_wherever_they_appear(lake: "Lake") -> None:
    lines = [f'{{{BASE},"watch_duration_minutes":{i}}}' for i in range(3000)]
    lines[2500] = f'{{{BASE},"watch_duration_minutes":0,"late":{{"k":1.0}},"User_id":"kept"}}'
    assert lake.ingest(lake.write("a.ndjson", "\n".join(lines)))[0] == 0
    extras = [row for row in lake.rows("source_position, extras") if row[1] is not None]
    assert extras == [(2501, '{"late":"{\\"k\\":1.0}","User_id":"kept"}')]


def test_bad_lines_are_set_aside_with_their_physical_line(lake: "Lake") -> None:
    good = f'{{{BASE},"watch_duration_minutes":1}}'.encode()
    lines = [
        good,
        b"",
        b"not json",
        b"[1, 2]",
        b'"text"',
        b"   ",
        good[:-1],
        good.replace(b"A", b"\xff"),
        good + b" " + good,
        good.replace(b":1}", b":NaN}"),
        good.replace(b":1}", b":01}"),
        good.replace(b":1}", b":1,}"),
        good.replace(b"A", b"\\ud800"),
        b"\r",
        good + b"\r",
        b"  " + good + b"  ",
    ]
    code, summary, _ = lake.ingest(lake.write("a.ndjson", b"\n".join(lines)))
    assert code == 0
    assert [row[0] for row in lake.rows("source_position")] == [1, 15, 16]
    assert lake.rejects("source_position, reason_code") == [
        (3, "invalid_json"),
        (4, "not_an_object"),
        (5, "not_an_object"),
        (7, "invalid_json"),
        (8, "invalid_utf8"),
        (9, "invalid_json"),
        (10, "invalid_json"),
        (11, "invalid_json"),
        (12, "invalid_json"),
        (13, "invalid_json"),
    ]
    totals = summary["totals"]
    blank = sum(not line.strip() for line in lines)
    assert totals["read"] == totals["rejected"] + totals["landed"] == len(lines) - blank


def test_a_giant_line_is_set_aside(lake: "Lake") -> None:
    good = f'{{{BASE},"watch_duration_minutes":1}}\n'
    giant = '{"a":"' + "x" * (20 * 1024 * 1024) + '"}\n'
    assert lake.ingest(lake.write("a.ndjson", giant + good + giant + good))[0] == 0
    assert [row[0] for row in lake.rows("source_position")] == [2, 4]
    assert lake.rejects("source_position, reason_code") == [
        (1, "record_too_large"),
        (3, "record_too_large"),
    ]


def test_another_encoding_is_said_once_with_its_remedy(lake: "Lake") -> None:
    lines = [f'{{{BASE},"watch_duration_minutes":1,"device":"{name}"}}\n' for name in "aéíé"]
    code, summary, said = lake.ingest(lake.write("a.ndjson", "".join(lines).encode("latin1")))
    assert (code, summary["totals"]["rejected"], summary["totals"]["landed"]) == (0, 3, 1)
    assert said.count("not UTF-8 in 3 records") == 1
    assert said.count("iconv -f latin1 -t utf-8") == 1


def test_a_file_without_objects_is_refused(lake: "Lake") -> None:
    code, summary, _ = lake.ingest(lake.write("a.ndjson", "one\ntwo\n"))
    assert code == 1
    assert "holds no JSON object at its start" in summary["files"][0]["error"]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text('a,"\\{}:\u00e9 \n', max_size=6),
    st.sampled_from([[], {}, [1, "x"], {"k": None}]),
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "B", "c d", "\u00fc", 'q"']), SCALARS)


@settings(max_examples=150, deadline=None)
@given(
    objects=st.lists(OBJECTS, min_size=1, max_size=30),
    noise=st.lists(st.sampled_from(["", " ", "x", "[1]", '{"a":1', '{"a":01}']), max_size=3),
    is_ascii=st.booleans(),
    is_tight=st.booleans(),
    repeats=st.integers(0, 700),
)
def test_all_ways_of_reading_agree(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    objects: list[dict[str, Any]],
    noise: list[str],
    is_ascii: bool,
    is_tight: bool,
    repeats: int,
) -> None:
    separators = (",", ":") if is_tight else None
    texts = [json.dumps(o, ensure_ascii=is_ascii, separators=separators) for o in objects]
    texts += texts[:1] * repeats
    for index, text in enumerate(noise):
        texts.insert(index * 2 % (len(texts) + 1) + 1, text)
    expected = [
        (number, values)
        for number, text in enumerate(texts, start=1)
        if text.strip() and isinstance(values := read_object(text.encode()), dict)
    ]
    path = tmp_path_factory.getbasetemp() / "lines.ndjson"
    path.write_text("\n".join(texts), encoding="utf-8")
    content: Content = open_content(path)
    source = JsonRecords(content, is_array=False)
    got: list[tuple[int, dict[str, str | None]]] = []
    rejected = 0
    engine = Engine("lines")
    with content.open() as stream:
        for block in cut_blocks(stream, Lines(blank=WHITE_SPACE)):
            parsed = source.parse(block, engine)
            rejected += len(parsed.rejects)
            for position, row in zip(
                parsed.positions.tolist(),
                parsed.table.to_pylist() or [{}] * len(parsed.positions),
                strict=True,
            ):
                values = dict(zip(parsed.names, row.values(), strict=True))
                got.append((position, {k: v for k, v in values.items() if v is not None}))
    engine.close()
    assert got == [(n, {k: v for k, v in o.items() if v is not None}) for n, o in expected]
    assert rejected + len(got) == sum(bool(text.strip()) for text in texts)
