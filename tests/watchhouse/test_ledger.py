"""The ledger: entries as the contract has them, committed once."""

import errno
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watchhouse.errors import LakeError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger, StoredFile, superseded

NOW = datetime(2026, 11, 23, 6, 30, 0, 123456, UTC)


def _entry(
    batch_id: str = "a" * 32, *, supersedes: tuple[str, ...] = (), minutes: int = 0
) -> Entry:
    return Entry(
        batch_id=batch_id,
        stream="watch_events",
        source="default",
        source_kind="file",
        source_uri="a \u00e9.csv",
        landed_at=NOW + timedelta(minutes=minutes),
        content_hash="c0",
        mapping={"columns": {"user_id": "UserID"}, "time_zone": "UTC"},
        read_count=10,
        rejected_count=1,
        landed_count=9,
        supersedes=supersedes,
        files=(StoredFile("raw/x/part-0.parquet", 9, 1234),),
        reject_files=(StoredFile("raw/rejects/x/part-0.parquet", 1, 99),),
    )


def test_an_entry_is_one_line_of_json_in_the_agreed_form() -> None:
    line = _entry().line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "entry_version": 1,
        "entry_kind": "batch",
        "batch_id": "a" * 32,
        "stream": "watch_events",
        "source": "default",
        "source_kind": "file",
        "source_uri": "a \u00e9.csv",
        "ingest_date": "2026-11-23",
        "landed_at": "2026-11-23T06:30:00.123456Z",
        "content_hash": "c0",
        "mapping": {"columns": {"user_id": "UserID"}, "time_zone": "UTC"},
        "read_count": 10,
        "rejected_count": 1,
        "landed_count": 9,
        "supersedes": [],
        "files": [{"path": "raw/x/part-0.parquet", "rows": 9, "bytes": 1234}],
        "reject_files": [{"path": "raw/rejects/x/part-0.parquet", "rows": 1, "bytes": 99}],
    }
    assert Entry.parse(line.decode()) == _entry()


def test_a_batch_is_committed_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert Ledger(home).commit(_entry())
    path = tmp_path / "raw/ledger/ingest_date=2026-11-23" / f"{'a' * 32}.json"
    before = path.read_bytes()
    assert not Ledger(home).commit(replace(_entry(), read_count=11)), "an entry is never replaced"
    assert path.read_bytes() == before
    assert [name.name for name in path.parent.iterdir()] == [path.name], "nothing temporary is left"


def test_refresh_finds_what_others_committed_also_in_folded_files(tmp_path: Path) -> None:
    home = Home(tmp_path)
    ledger = Ledger(home)
    ledger.refresh()
    assert ledger.entries() == []
    one, two, three = _entry(), _entry("b" * 32, minutes=1), _entry("c" * 32, minutes=2)
    Ledger(home).commit(three)
    folded = home.ledger / "ingest_date=2026-11-22" / "folded.json"
    folded.parent.mkdir(parents=True)
    folded.write_bytes(one.line() + two.line())
    ledger.refresh()
    assert ledger.entries() == [one, two, three]
    assert ledger.find("b" * 32) == two
    assert ledger.find("d" * 32) is None


def test_effective_entries_are_those_that_nothing_supersedes(tmp_path: Path) -> None:
    ledger = Ledger(Home(tmp_path))
    one, two = _entry(), _entry("b" * 32, supersedes=("a" * 32,), minutes=1)
    other = replace(_entry("c" * 32), content_hash="c1")
    for entry in (one, two, other):
        ledger.commit(entry)
    assert ledger.effective(content_hash="c0", stream="watch_events") == [two]
    assert ledger.effective(content_hash="c1", stream="watch_events") == [other]
    assert ledger.effective(content_hash="c0", stream="catalog") == []
    assert superseded(ledger.entries()) == {"a" * 32}


def test_a_broken_entry_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = home.ledger / "ingest_date=2026-11-23" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"batch_id": "x"}\n')
    with pytest.raises(LakeError, match=r"x\.json: is not a ledger entry"):
        Ledger(home).refresh()


@pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\x0b", "\r"])
def test_a_name_with_a_line_separator_does_not_break_its_line(
    tmp_path: Path, separator: str
) -> None:
    entry = replace(_entry(), source_uri=f"a{separator}b.csv")
    Ledger(Home(tmp_path)).commit(entry)
    ledger = Ledger(Home(tmp_path))
    ledger.refresh()
    assert list(ledger.entries()) == [entry]


def test_a_folder_that_cannot_be_listed_is_no_empty_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger(Home(tmp_path)).commit(_entry())
    scandir = os.scandir

    def closed(path: str) -> object:
        # Whoever runs as root may list any folder, so that modes show nothing.
        if "ingest_date=" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(LakeError, match="ingest_date=2026-11-23: the ledger cannot be read"):
        Ledger(Home(tmp_path)).refresh()


def test_an_entry_that_was_emptied_is_no_batch_that_never_landed(tmp_path: Path) -> None:
    Ledger(Home(tmp_path)).commit(_entry())
    next(tmp_path.glob("raw/ledger/*/*.json")).write_text("")
    with pytest.raises(LakeError, match="is not a ledger entry that can be read"):
        Ledger(Home(tmp_path)).refresh()
