"""Marts do not know which files rows are in: compaction changes nothing that is built."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingest.compaction.command import Report, compact
from ingest.mappings import Mapping
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Project
from watchhouse.layout import Home
from watchhouse.live import Live
from watchhouse.settings import Settings

FOR_EVER = date.max
_RECONCILED = """
    select
        count(*), sum(landed_count), sum(read_count), sum(rejected_count),
        sum(abs(conservation_gap) + abs(reading_gap) + abs(missing_reject_count))
    from marts.rpt_batch_reconciliation
"""


def compacted(home: Home, *, later: float = 0.0) -> Report:
    settings = Settings(home=home.root)
    now = datetime.now(UTC) + timedelta(seconds=later)
    report = compact(settings, before=FOR_EVER, now=now)
    assert report.errors == ()
    return report


def land_some(lake: Lake, name: str, *users: str) -> None:
    for number, user in enumerate(users):
        lake.land(
            "watch_events",
            [
                play(user, "Dune", "2026-10-01T08:00:00Z", 60, event_id=f"{name}-{user}"),
                play(user, "Dune", "2026-10-01T10:00:00Z", 10 + number, event_id=f"same-{user}"),
                play(user, "Alien", "no date", 5),
            ],
            name=f"{name}-{user}",
            torn=["torn"],
        )
    lake.catalog(f"{name}-shows", {"show_id": name, "show_name": f"Show of {name}"})
    lake.users(f"{name}-users", {"user_id": users[0], "plan": name})


def test_compaction_before_and_after_any_build_leaves_the_marts_as_they_are(
    project: Project, make_workshop: MakeWorkshop, tmp_path: Path
) -> None:
    stepwise = make_workshop({})
    lake = Lake(stepwise.home, tmp_path)
    land_some(lake, "one", "ann", "bob", "cid")
    stepwise.run()
    stepwise.publish(strictly=False)
    # What is published, and what is not, come into the same files.
    land_some(lake, "two", "bob", "dan")
    untouched = make_workshop({})
    lake.copy_to(untouched.home)
    live = Live(stepwise.home)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    tail = live.read(now=now)
    assert (tail.batch_count, tail.landed_count) == (2, 6)

    (day,) = compacted(stepwise.home).days

    assert (day.batch_count, day.files_after) == (9, 4)
    assert Live(stepwise.home).read(now=now) == tail, "one that starts anew sees the same"
    compacted(stepwise.home, later=1000)
    assert live.read(now=now) == tail
    live.close()
    fresh = Live(stepwise.home)
    assert fresh.read(now=now) == tail
    fresh.close()
    stepwise.run()
    untouched.build()
    assert_equal_marts(stepwise.built(), untouched.built(), project.keys)
    assert stepwise.built().ask(_RECONCILED) == [(9, 19, 24, 5, 0)]
    stepwise.publish(strictly=False)

    # A batch from the midst of a shared file is replaced, and its file split.
    lake.land_file("watch_events", "one-bob", mapping=Mapping(source="mended"))
    stepwise.run()
    stepwise.publish(strictly=False)
    compacted(stepwise.home)
    compacted(stepwise.home, later=1000)
    refreshed = make_workshop({})
    lake.copy_to(refreshed.home)
    refreshed.build()
    assert_equal_marts(stepwise.built(), refreshed.built(), project.keys)
    assert stepwise.built().ask(_RECONCILED) == refreshed.built().ask(_RECONCILED)
    assert [(row[0], row[4]) for row in refreshed.built().ask(_RECONCILED)] == [(10, 0)]


def test_while_both_entries_of_a_batch_are_there_one_counts(
    project: Project, make_workshop: MakeWorkshop, tmp_path: Path
) -> None:
    workshop = make_workshop({})
    lake = Lake(workshop.home, tmp_path)
    land_some(lake, "one", "ann", "bob")
    untouched = make_workshop({})
    lake.copy_to(untouched.home)
    compacted(workshop.home)
    assert len(list(workshop.home.ledger.rglob("*.json"))) == 5
    workshop.build()
    untouched.build()
    assert_equal_marts(workshop.built(), untouched.built(), project.keys)
