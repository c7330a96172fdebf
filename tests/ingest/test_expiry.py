"""The text of rejects expires; where, why and how many stays."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

TEXT = "user_id,show_name,watch_date,watch_duration_minutes\nu1,A,d,1\nbad\nworse\n"


def test_text_expires_and_everything_else_stays(
    lake: "Lake", monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake.ingest(lake.write("a.csv", TEXT))[0] == 0
    assert lake.rejects("record") == [("bad",), ("worse",)]
    before = lake.rejects("* exclude (record)")
    other = lake.write("b.csv", TEXT.replace("A", "B"))
    assert lake.ingest(other)[0] == 0
    assert lake.rejects("record")[:2] == [("bad",), ("worse",)], "30 days are not over"
    monkeypatch.setenv("WATCHHOUSE_REJECT_RETENTION_DAYS", "0")
    assert lake.ingest(other)[0] == 0
    assert lake.rejects("record") == [(None,)] * 4
    assert lake.rejects("* exclude (record)")[:2] == before
    for path in lake.home.glob("raw/rejects/*/*/*.parquet"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_history_is_not_looked_at_again(lake: "Lake", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHHOUSE_REJECT_RETENTION_DAYS", "0")
    path = lake.write("a.csv", TEXT)
    lake.ingest(path)
    lake.ingest(path)
    (stored,) = lake.home.glob("raw/rejects/*/*/*.parquet")
    first = stored.stat().st_mtime_ns
    lake.ingest(path)
    assert stored.stat().st_mtime_ns == first
