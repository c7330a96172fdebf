"""A batch landed anew: the same records, at the same positions, under another mapping."""

from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingest.mappings import Mapping
from ingest.relanding import Relander
from watchhouse.errors import LakeError, MappingError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.pseudonyms import Pseudonymiser

LATER = datetime(2030, 1, 1, tzinfo=UTC)
PSEUDONYMISER = Pseudonymiser(bytes.fromhex("0b" * 32))

CSV = """login,mail,user_id,title,watch_date,watch_duration_minutes,note
ann,a@example.org,1,Alba,2026-03-01,10,"a ""b"" c/d"
bob,b@example.org,2,Brume,2026-03-02,20,
torn
"""


def landed(lake: Any, mapping: str = "columns: {show_name: title}\n") -> Ledger:
    """Land the file; return the ledger."""
    file, rules = lake.write("log.csv", CSV), lake.write("mapping.yml", mapping)
    code, summary, _ = lake.ingest(file, "--mapping", rules)
    assert (code, summary["totals"]["rejected"]) == (0, 1)
    ledger = Ledger(Home(lake.home))
    ledger.refresh()
    return ledger


def reland(lake: Any, ledger: Ledger, mapping: Mapping | None) -> Entry | None:
    """Land the newest batch anew."""
    relander = Relander(Home(lake.home), ledger, PSEUDONYMISER)
    return relander.land(ledger.entries()[-1], mapping, now=LATER)


def test_without_a_mapping_everything_stays_but_the_batch(lake: Any) -> None:
    ledger = landed(lake)
    (old,) = ledger.entries()
    kept = "* exclude (batch_id, batch, ingest_date)"
    before, rejects = lake.rows(kept), lake.rejects(kept)
    assert (len(before), len(rejects)) == (2, 1)
    new = reland(lake, ledger, None)

    assert new is not None
    assert (new.replay_of, new.supersedes) == (old.batch_id, (old.batch_id,))
    assert (new.source_uri, new.mapping) == (old.source_uri, old.mapping)
    assert (new.read_count, new.rejected_count, new.landed_count) == (3, 1, 2)
    assert new.landed_at == LATER
    # Rows keep the time of their first landing: they did not come later than they came.
    assert sorted(lake.rows(kept), key=repr) == sorted(before * 2, key=repr)
    assert sorted(lake.rejects(kept), key=repr) == sorted(rejects * 2, key=repr)
    assert {row[0] for row in lake.rows("batch_id")} == {old.batch_id, new.batch_id}


def test_a_batch_that_was_superseded_meanwhile_is_left(lake: Any) -> None:
    ledger = landed(lake)
    (old,) = ledger.entries()
    relander = Relander(Home(lake.home), ledger, PSEUDONYMISER)
    assert relander.land(old, None, now=LATER) is not None
    assert relander.land(old, None, now=LATER) is None


def test_columns_move_between_canonical_ones_and_extras(lake: Any) -> None:
    ledger = landed(lake)
    new = reland(lake, ledger, Mapping(columns={"show_name": "note", "variant": "title"}))

    assert new is not None
    lines = lake.rows(
        f"show_name, variant, extras, source_position, batch_id = '{new.batch_id}' as is_new"
    )
    assert [line for line in lines if line[-1]] == [
        ('a "b" c/d', "Alba", '{"login":"ann","mail":"a@example.org"}', 2, True),
        (None, "Brume", '{"login":"bob","mail":"b@example.org"}', 3, True),
    ]
    assert new.mapping["columns"]["show_name"] == "note"


def test_an_identifier_that_was_an_unknown_column_is_hashed_and_no_other_twice(lake: Any) -> None:
    ledger = landed(lake)
    new = reland(lake, ledger, Mapping(columns={"user_id": "login", "show_name": "title"}))

    assert new is not None
    lines = lake.rows(f"user_id, extras, batch_id = '{new.batch_id}' as is_new")
    users = {user: extras for user, extras, is_new in lines if is_new}
    assert set(users) == {PSEUDONYMISER.pseudonym("ann"), PSEUDONYMISER.pseudonym("bob")}
    hidden = PSEUDONYMISER.pseudonym("1")
    assert f'"user_id":"{hidden}"' in users[PSEUDONYMISER.pseudonym("ann")]
    again = reland(lake, ledger, Mapping(columns={"user_id": "user_id", "show_name": "title"}))
    assert again is not None
    lines = lake.rows(f"user_id, batch_id = '{again.batch_id}' as is_new")
    assert (hidden, True) in lines


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (Mapping(columns={"show_name": "mail"}), "columns.show_name: 'mail' was dropped when"),
        (Mapping(columns={"show_name": "name"}), "columns.show_name: no column is named 'name'"),
        (Mapping(columns={"show_name": "title"}, identifiers=["note"]), "is in the lake as it"),
    ],
)
def test_what_the_lake_does_not_have_any_more_is_said(
    lake: Any, mapping: Mapping, said: str
) -> None:
    ledger = landed(lake, "columns: {show_name: title}\ndrop: [mail]\n")
    with pytest.raises(MappingError, match=said):
        reland(lake, ledger, mapping)
    assert len(lake.entries()) == 1
    assert list((lake.home / "raw" / "landing").glob("*")) == []


def test_a_batch_that_is_not_whole_is_refused(lake: Any) -> None:
    ledger = landed(lake)
    (entry,) = ledger.entries()
    path = lake.home / entry.files[0].path
    pq.write_table(pq.read_table(path, partitioning=None).slice(1), path)

    with pytest.raises(LakeError, match=r"names 2 rows in .*, which have 1"):
        reland(lake, ledger, None)
    assert len(lake.entries()) == 1


def test_the_same_file_again_does_not_undo_a_replay(lake: Any) -> None:
    ledger = landed(lake)
    new = reland(lake, ledger, Mapping(columns={"show_name": "note"}))
    code, summary, _ = lake.ingest(
        lake.inputs / "log.csv", "--mapping", lake.inputs / "mapping.yml"
    )
    assert new is not None
    assert (code, summary["files"][0]["status"]) == (0, "already_landed")
    assert summary["files"][0]["batch_id"] == new.batch_id
