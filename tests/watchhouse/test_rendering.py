"""Results as text: exact, whole, and readable by other programs."""

import csv
import io
import json
from decimal import Decimal

import duckdb

from watchhouse.rendering import result_of, write_csv, write_json, write_table

_EVERY_TYPE = """
    select
        true as flag, 9007199254740993::hugeint * 1000 as huge, 1.10::decimal(38, 2) as money,
        'nan'::double as no_number, 0.1::double as tenth, date '2026-03-02' as day,
        timestamp '2026-03-02 10:00:00.5' as moment, timestamptz '2026-03-02 10:00:00+02' as zoned,
        time '10:00' as clock, interval 26 hour as duration, 'ab'::blob as bytes,
        '018f0000-0000-7000-8000-000000000000'::uuid as id, [1.5::decimal(2, 1), null] as listed,
        {'on': date '2026-03-02'} as nested, map {'k': 1} as mapped, null as nothing,
        'line' || chr(10) || 'break, "quoted"' as words
"""


def written(query: str, write: object) -> str:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    output = io.StringIO()
    write(result_of(connection.execute(query)), output)  # type: ignore[operator]
    return output.getvalue()


def test_json_is_exact() -> None:
    text = written(_EVERY_TYPE, write_json)

    assert json.loads(text, parse_float=Decimal) == [
        {
            "flag": True,
            "huge": 9007199254740993000,
            "money": Decimal("1.10"),
            "no_number": None,
            "tenth": Decimal("0.1"),
            "day": "2026-03-02",
            "moment": "2026-03-02T10:00:00.500000",
            "zoned": "2026-03-02T08:00:00Z",
            "clock": "10:00:00",
            "duration": "P1DT7200S",
            "bytes": "6162",
            "id": "018f0000-0000-7000-8000-000000000000",
            "listed": [Decimal("1.5"), None],
            "nested": {"on": "2026-03-02"},
            "mapped": {"k": 1},
            "nothing": None,
            "words": 'line\nbreak, "quoted"',
        }
    ]


def test_json_of_no_rows_is_an_empty_list() -> None:
    assert json.loads(written("select 1 as a where false", write_json)) == []


def test_json_keeps_columns_of_the_same_name() -> None:
    text = written("select 1 as a, 2 as a_1, 3 as a", write_json)
    assert json.loads(text) == [{"a": 1, "a_1": 2, "a_2": 3}]


def test_csv_can_be_read_back() -> None:
    rows = list(csv.reader(io.StringIO(written(_EVERY_TYPE, write_csv))))

    row = dict(zip(rows[0], rows[1], strict=True))
    assert row["flag"] == "true"
    assert row["huge"] == "9007199254740993000"
    assert row["money"] == "1.10"
    assert row["zoned"] == "2026-03-02T08:00:00Z"
    assert row["listed"] == "[1.5, null]"
    assert row["nothing"] == ""
    assert row["words"] == 'line\nbreak, "quoted"'


def test_a_table_is_aligned_and_whole() -> None:
    text = written(
        "select * from (values ('a', 1), ('日本', 200), (null, null)) t (name, total)", write_table
    )

    assert text == "name | total\n-----+------\na    |     1\n日本 |   200\n     |\n"


def test_a_table_keeps_every_row_on_its_line() -> None:
    text = written("select 'x' || chr(10) || 'y' as v from range(3000)", write_table)

    assert text.splitlines() == ["v", "----", *["x\\ny"] * 3000]
