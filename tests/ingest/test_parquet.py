"""Parquet input: typed values become text, and text is still checked."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake


def _table(**columns: Any) -> pa.Table:
    given: dict[str, Any] = {
        "user_id": ["u1", "u2"],
        "show_name": ["A", "B"],
        "watch_date": pa.array([datetime(2024, 1, 2, 3, 4, 5, 600_000, UTC)] * 2),
        "watch_duration_minutes": pa.array([Decimal("1.50"), None]),
    }
    return pa.table(given | columns)


def test_typed_values_become_text(lake: "Lake") -> None:
    table = _table(
        season=[1, 2],
        device=pa.array(["tv", "tv"]).dictionary_encode(),
        user_ID=[True, False],
        nested=[{"a": [1.5, None]}, None],
        day=[date(2024, 1, 1), None],
        span=[timedelta(minutes=90), None],
        nothing=pa.nulls(2),
    )
    path = lake.write("a.parquet", b"")
    pq.write_table(table, path)
    assert lake.ingest(path)[0] == 0
    assert lake.rows("watch_date, watch_duration_minutes, season, device, source_position") == [
        ("2024-01-02 03:04:05.6+00", "1.50", "1", "tv", 1),
        ("2024-01-02 03:04:05.6+00", None, "2", "tv", 2),
    ]
    assert lake.rows("extras") == [
        (
            (
                '{"user_ID":"true","nested":"{\\"a\\":[1.5,null]}","day":"2024-01-01",'
                '"span":"01:30:00"}'
            ),
        ),
        ('{"user_ID":"false"}',),
    ]


def test_text_that_is_not_utf8_is_set_aside(lake: "Lake") -> None:
    path = lake.write("a.parquet", b"")
    pq.write_table(_table(show_name=pa.array([b"\xff", b"B"])), path)
    assert lake.ingest(path)[0] == 0
    assert lake.rows("show_name, source_position") == [("B", 2)]
    assert lake.rejects("source_position, reason_code") == [(1, "invalid_utf8")]


def test_a_damaged_file_is_one_clear_error(lake: "Lake") -> None:
    path = lake.write("a.parquet", b"")
    pq.write_table(_table(), path)
    path.write_bytes(path.read_bytes()[:-40] + b"PAR1")
    code, summary, _ = lake.ingest(path)
    assert code == 1
    assert "the Parquet data is damaged" in summary["files"][0]["error"]


def test_a_name_that_promises_parquet(lake: "Lake") -> None:
    code, summary, _ = lake.ingest(lake.write("a.parquet", "user_id,show_name\n"))
    assert code == 1
    assert "is not a Parquet file" in summary["files"][0]["error"]


def test_many_rows(lake: "Lake") -> None:
    count = 200_000
    path = lake.write("a.parquet", b"")
    whole = pa.table(
        {
            "user_id": [f"u{i % 7}" for i in range(count)],
            "show_name": ["A"] * count,
            "watch_date": ["d"] * count,
            "watch_duration_minutes": list(range(count)),
        }
    )
    pq.write_table(whole, path)
    assert lake.ingest(path)[0] == 0
    got = lake.rows("source_position, watch_duration_minutes")
    assert got == [(i + 1, str(i)) for i in range(count)]
