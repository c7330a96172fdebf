"""What is gone from the lake is named before a build, with what can be done."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from watchhouse.errors import BuildError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger, StoredFile
from watchhouse.settings import Settings
from watchhouse.warehouse import Warehouse
from watchhouse.wholeness import require_readable, require_whole

PATH = "raw/watch_events/ingest_date=2026-03-02/batch=b1/part-0.parquet"
ENTRY = Entry(
    batch_id="b1",
    stream="watch_events",
    source="default",
    source_kind="file",
    source_uri="events.csv",
    landed_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    content_hash="c1",
    mapping={},
    read_count=1,
    rejected_count=0,
    landed_count=1,
    files=(StoredFile(PATH, 1, 100),),
)


def write(home: Home, content: bytes) -> Path:
    """Write the file of the batch."""
    path = home.root / PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def said(home: Home, *entries: Entry, published: str = "", anew: bool = False) -> str:
    """Return what is said of a lake that is not whole, with the home's own path left out."""
    with pytest.raises(BuildError) as raised:
        require_whole(home, entries, published={*published.split()}, anew=anew, without_lost=False)
    return str(raised.value).replace(str(home.root), "HOME")


def test_a_published_batch_that_left_the_ledger_is_named(small_build: Any) -> None:
    small_build.run("insert into history.published_batches values ('gone', 1, now())")
    with pytest.raises(BuildError) as raised:
        Warehouse(Settings(home=small_build.home.root)).build()
    assert "the entry of batch gone is gone, which was published" in str(raised.value)
    assert "Restore gone.json from a copy" in str(raised.value)
    assert "--full-refresh" in str(raised.value)


def test_on_purpose_a_batch_may_be_left_out(home: Home) -> None:
    require_whole(home, [], published={"gone"}, anew=True, without_lost=True)


def test_a_file_of_an_unpublished_batch_is_named(home: Home) -> None:
    Ledger(home).commit(ENTRY)
    message = said(home, ENTRY)
    assert f"HOME/{PATH}: is gone" in message
    assert (
        "remove HOME/raw/ledger/ingest_date=2026-03-02/b1.json and land events.csv again" in message
    )


def test_a_file_of_another_size_is_damaged(home: Home) -> None:
    write(home, b"x" * 99)
    assert "is damaged, with 99 bytes instead of 100, which has rows of batch b1" in said(
        home, ENTRY
    )


def test_what_is_damaged_inside_is_found_after_a_build_that_failed(home: Home) -> None:
    path = write(home, b"")
    duckdb.sql("select i, repeat(md5(i::varchar), 4) as t from range(2000) as r (i)").write_parquet(
        str(path)
    )
    require_readable(home, [ENTRY], published=set(), anew=False)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    content[4:68] = bytes(64)
    path.write_bytes(content)
    with pytest.raises(
        BuildError, match=r"part-0\.parquet: is damaged, which has rows of batch b1"
    ):
        require_readable(home, [ENTRY], published=set(), anew=False)
    # Nothing reads it: its events are in the marts.
    require_readable(home, [ENTRY], published={"b1"}, anew=False)


def test_of_a_topic_only_a_copy_helps(home: Home) -> None:
    message = said(home, replace(ENTRY, source_kind="kafka"))
    assert message.endswith("Please restore it from a copy; then run `watchhouse build`.")


@pytest.mark.parametrize(
    ("published", "anew", "is_needed"),
    [("", False, True), ("b1", False, False), ("b1", True, True)],
)
def test_only_what_would_be_read_is_needed(
    home: Home, published: str, *, anew: bool, is_needed: bool
) -> None:
    if is_needed:
        assert PATH in said(home, ENTRY, published=published, anew=anew)
    else:
        require_whole(home, [ENTRY], published={published}, anew=anew, without_lost=False)
    write(home, b"x" * 100)
    require_whole(home, [ENTRY], published={*published.split()}, anew=anew, without_lost=False)


def test_a_batch_that_was_replaced_is_not_needed(home: Home) -> None:
    heir = replace(ENTRY, batch_id="b2", supersedes=("b1",), files=())
    require_whole(home, [ENTRY, heir], published=set(), anew=False, without_lost=False)
