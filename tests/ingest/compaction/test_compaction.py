"""Compaction changes which files rows are in, and nothing else."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from ingest.compaction import merging
from ingest.compaction.days import WORKSPACE
from ingest.expiry import expire_rejects, holding_rejects
from ingest.mappings import Mapping
from ingest.workspace import Workspace
from tests.ingest.compaction.conftest import FIRST_DAY, TODAY, Days, rows_of
from watchhouse.cli import main
from watchhouse.commands.files import current_files
from watchhouse.ledger import Entry, Ledger
from watchhouse.locks import builder_lock

LATER = 1000.0
"""Seconds after which the grace period of the settings is over."""


def entries_of(days: Days) -> list[Entry]:
    ledger = Ledger(days.home)
    ledger.refresh()
    return list(ledger.entries())


def test_every_row_stays_as_it_was_in_few_files(filled: Days) -> None:
    before = rows_of(filled.home)
    rejects = rows_of(filled.home, rejects=True)
    counts = [
        (e.batch_id, e.read_count, e.rejected_count, e.landed_count) for e in entries_of(filled)
    ]
    assert (before.total(), rejects.total(), len(filled.files())) == (45, 15, 15)

    report = filled.compact()

    assert [(d.batch_count, d.row_count, d.files_before, d.files_after) for d in report.days] == [
        (10, 30, 20, 2),
        (5, 15, 10, 2),
    ]
    assert rows_of(filled.home) == before
    assert rows_of(filled.home, rejects=True) == rejects
    after = entries_of(filled)
    assert counts == [(e.batch_id, e.read_count, e.rejected_count, e.landed_count) for e in after]
    assert all(sum(f.rows for f in e.files) == e.landed_count for e in after)
    assert all(sum(f.rows for f in e.reject_files) == e.rejected_count for e in after)
    assert len({f.path for e in after for f in e.files}) == 2


def test_originals_stay_for_the_grace_period_and_go_then(filled: Days) -> None:
    before = rows_of(filled.home)
    first = filled.compact()
    assert (first.removal.removed, first.removal.waiting) == (0, 45)
    assert len(filled.files()) == 17, "whoever has the old list of files can go on reading"

    early = filled.compact(later=800)
    assert (early.days, early.removal.removed) == ((), 0)
    late = filled.compact(later=LATER)
    assert (late.days, late.removal.removed, late.removal.waiting) == ((), 45, 0)
    assert len(filled.files()) == len(filled.files("raw/rejects")) == 2
    assert filled.ledger_files() == ["compacted-1.json"] * 2
    assert len(list((filled.home.raw / "watch_events").glob("*/batch=*"))) == 2
    assert rows_of(filled.home) == before
    assert not list(filled.home.landing.iterdir())


def test_compacting_again_changes_nothing(filled: Days) -> None:
    filled.compact()
    filled.compact(later=LATER)
    before = {path: path.stat().st_mtime_ns for path in filled.home.raw.rglob("*.parquet")}
    report = filled.compact(later=2 * LATER)
    assert (report.days, report.removal.removed) == ((), 0)
    assert {p: p.stat().st_mtime_ns for p in filled.home.raw.rglob("*.parquet")} == before


def test_what_lands_late_on_a_compacted_day_joins_it(filled: Days) -> None:
    filled.compact()
    filled.compact(later=LATER)
    filled.land(99)
    before = rows_of(filled.home)

    (day,) = filled.compact().days

    assert (day.batch_count, day.files_before, day.files_after) == (11, 4, 2)
    filled.compact(later=LATER)
    assert filled.ledger_files() == ["compacted-1.json", "compacted-2.json"]
    assert len(filled.files()) == 2
    assert rows_of(filled.home) == before


def test_only_days_before_the_given_one_are_compacted(filled: Days) -> None:
    report = filled.compact(before=date(2026, 3, 3))
    assert [day.day for day in report.days] == [FIRST_DAY.date()]
    assert filled.compact(before=date(2026, 3, 2)).days == ()


def test_landing_the_same_again_is_known_after_the_entries_were_folded(filled: Days) -> None:
    filled.compact()
    filled.compact(later=LATER)
    before = rows_of(filled.home)
    filled.land(3, day=5)
    assert rows_of(filled.home) == before


def test_catalog_and_users_are_compacted_by_themselves(days: Days) -> None:
    days.inbox.mkdir()
    for number in range(4):
        shows = days.inbox / f"shows-{number}.csv"
        shows.write_text(f"show_id,show_name\n{number},Show {number}\n")
        days.load(shows, "catalog", day=0, second=number)
        users = days.inbox / f"users-{number}.csv"
        users.write_text(f"user_id,plan\nu{number},basic\n")
        days.load(users, "users", day=0, second=number)
    before = [rows_of(days.home, stream) for stream in ("catalog", "users")]
    days.compact()
    days.compact(later=LATER)
    assert [rows_of(days.home, stream) for stream in ("catalog", "users")] == before
    assert [len(days.files(f"raw/{stream}")) for stream in ("catalog", "users")] == [1, 1]


def test_a_list_of_files_never_shows_a_row_twice_nor_one_that_was_replaced(
    filled: Days, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.compact()
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    old = entries_of(filled)[2].batch_id
    # The same content under another mapping: the batch, in the midst of a shared file, is replaced.
    filled.land(2, day=3, mapping=Mapping(source="other"))

    assert main(["files"]) == 1, "a plain list cannot say which rows to leave out"
    assert capsys.readouterr().out == ""
    assert main(["files", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [file["excluded_batches"] for file in listed] == [[old], [], []]
    assert sum(file["rows"] for file in listed) == 45

    report = filled.compact()

    assert [(day.files_before, day.files_after) for day in report.days] == [(2, 4)]
    assert main(["files"]) == 0
    paths = capsys.readouterr().out.splitlines()
    found = duckdb.execute(
        "select count(*), count(distinct event_id), count(*) filter (where batch_id = ?)"
        " from read_parquet(?)",
        [old, paths],
    ).fetchone()
    assert found == (45, 45, 0)
    assert rows_of(filled.home).total() == 48, "the replaced rows are still there for who asks"
    assert filled.compact().days == ()


def test_files_of_an_empty_lake_are_none(days: Days) -> None:
    assert current_files(days.home, "watch_events") == []
    assert days.compact().days == ()


def test_text_of_rejects_is_private_and_expires_row_by_row(days: Days) -> None:
    for number in range(4):
        days.land(number)
    days.compact()
    merged = [path for path in days.files("raw/rejects") if "compacted" in str(path)]
    assert [path.stat().st_mode & 0o777 for path in merged] == [0o600]
    assert merged[0].parent.stat().st_mode & 0o777 == 0o700

    ledger = Ledger(days.home)
    ledger.refresh()
    cutoff = entries_of(days)[1].landed_at
    assert expire_rejects(days.home, ledger, now=cutoff, days=0) == 3, "originals hold it as well"

    texts = {
        path: pq.read_table(path, partitioning=None).column("record").to_pylist()
        for path in days.files("raw/rejects")
    }
    assert texts.pop(merged[0]) == [None, None, "torn-2", "torn-3"]
    assert sorted(texts.values(), key=str) == [["torn-2"], ["torn-3"], [None], [None]]


def test_text_is_not_forgotten_while_it_is_copied(filled: Days) -> None:
    ledger = Ledger(filled.home)
    ledger.refresh()
    now = entries_of(filled)[-1].landed_at
    with holding_rejects(filled.home, wait=False) as is_held:
        assert is_held
        assert expire_rejects(filled.home, ledger, now=now, days=0) == 0
    assert expire_rejects(filled.home, ledger, now=now, days=0) == 15


def test_a_damaged_file_is_named_and_its_day_left_alone(
    filled: Days, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    path = filled.files()[4]
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert main(["compact"]) == 1
    assert str(path) in caplog.text
    assert "restore it" in caplog.text
    day = path.parts[-3]
    assert not list((filled.home.raw / "watch_events" / day).glob("batch=compacted-*"))
    assert len(list(filled.home.ledger.glob("*/compacted-*.json"))) == 1, "the other day is done"

    path.write_bytes(whole)
    before = rows_of(filled.home)
    assert main(["compact"]) == 0
    assert rows_of(filled.home) == before


def test_a_file_with_other_rows_than_the_ledger_says_is_refused(filled: Days) -> None:
    one, other, *_ = filled.files()
    one.write_bytes(other.read_bytes())
    report = filled.compact()
    assert len(report.errors) == 1
    assert f"{one}: holds 3 rows of 1 batches" in report.errors[0]


def test_a_missing_file_is_named(filled: Days) -> None:
    path = filled.files()[0]
    path.unlink()
    (error,) = filled.compact().errors
    assert f"{path}: is gone" in error


def test_one_compaction_at_a_time(
    filled: Days, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    held = Workspace(filled.home, WORKSPACE)
    assert held.acquire(wait=False)
    assert main(["compact"]) == 1
    assert "another compaction works" in caplog.text
    held.release(Ledger(filled.home))


_AS_ANOTHER = """
import sys
from pathlib import Path
from tests.ingest.compaction.conftest import Days
from watchhouse.layout import Home
print(Days(Home(Path(sys.argv[1])), Path()).compact(later=1000).removal)
"""


def test_originals_stay_while_a_builder_reads_them(filled: Days) -> None:
    filled.compact()
    with builder_lock(filled.home.builder_lock, timeout=0):
        done = subprocess.run(
            [sys.executable, "-c", _AS_ANOTHER, str(filled.home.root)],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.strip() == "Removal(removed=0, waiting=0)"
    assert len(filled.files()) == 17


def test_one_row_group_is_in_memory_at_a_time(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "GROUP_ROWS", 40)
    for number in range(6):
        days.land(number, rows=25)
    before = rows_of(days.home)
    days.compact()
    assert rows_of(days.home) == before
    (merged,) = (path for path in days.files() if "compacted" in str(path))
    file = pq.ParquetFile(merged)
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [50] * 3


def test_columns_of_another_version_of_the_loader_are_kept(days: Days) -> None:
    for number in range(4):
        days.land(number)
    ledger = Ledger(days.home)
    ledger.refresh()
    for entry in ledger.entries()[:2]:
        path = days.home.root / entry.files[0].path
        table = pq.read_table(path, partitioning=None)
        pq.write_table(table.append_column("subtitles", table.column("event_id")), path)
    days.compact()
    merged = [path for path in days.files() if "compacted" in str(path)]
    assert [pq.read_metadata(path).num_rows for path in merged] == [6, 6]
    assert "subtitles" in pq.read_schema(merged[0]).names
    assert days.compact().days == (), "and they are not merged for ever"


def test_help_and_summary(
    filled: Days, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    assert main(["compact", "--json", "--before", str(TODAY)]) == 0
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [day["day"] for day in summary["days"]] == ["2026-03-02", "2026-03-03"]
    assert (summary["failed_days"], summary["waiting_files"]) == ([], 45)
    with pytest.raises(SystemExit) as stopped:
        main(["compact", "--before", "yesterday"])
    assert stopped.value.code == 2
    assert "is no date like" in capsys.readouterr().err
