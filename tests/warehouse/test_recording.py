"""Core builds that run again what dbt ran: only where nothing else would come of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.mappings import Mapping
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Project, Workshop
from watchhouse.building import Builder, BuildReport
from watchhouse.errors import BuildError
from watchhouse.progress import PlainProgress
from watchhouse.recording import Recorder
from watchhouse.state import build_database, read_state

FIRST = play("ann", "Alpha", "2026-03-02T20:00:00Z", 30, event_id="one")


@dataclass
class Killed(PlainProgress):
    """A progress that ends the process, as far as a test may, when a model has been made."""

    after: str = ""

    def advance(self, name: str) -> None:
        """Die once it is the turn."""
        if name == self.after:
            raise KeyboardInterrupt


@dataclass(frozen=True)
class Site:
    """A home in which two builds were published, the second by a builder that recorded it."""

    workshop: Workshop
    lake: Lake
    builder: Builder
    progress: Killed


@pytest.fixture(scope="module")
def site(make_workshop: MakeWorkshop, inbox: Path) -> Site:
    """Return the home of all tests here; each leaves it published."""
    workshop = make_workshop({})
    lake = Lake(workshop.home, inbox)
    lake.events("first", FIRST)
    workshop.build()
    workshop.publish()
    progress = Killed()
    builder = Builder(workshop.home, progress, parsed=workshop.project.manifest)
    lake.events("second", play("ben", "Beta", "2026-03-02T21:00:00Z", 30))
    assert not core(builder).is_recorded
    workshop.publish()
    return Site(workshop, lake, builder, progress)


def core(builder: Builder) -> BuildReport:
    """Make the core marts."""
    return builder.build(full_refresh=False, lock_timeout=0, selection="core")


def test_recorded_builds_equal_one_at_once(
    project: Project, site: Site, make_workshop: MakeWorkshop
) -> None:
    workshop, lake, builder = site.workshop, site.lake, site.builder
    recorded: list[bool] = []
    before = None

    def build(*, publish: bool = True) -> None:
        nonlocal before
        report = core(builder)
        recorded.append(report.is_recorded)
        with build_database(workshop.home) as connection:
            run = read_state(connection).last_run
        assert run is not None
        assert run.is_complete
        assert run.failed_count == 0
        assert run.invocation_id != before
        before = run.invocation_id
        if publish:
            workshop.publish()

    # Late, joined to another session, of a new user; a repeat; what is set aside in both ways.
    lake.events("late", play("eve", "Alpha", "2026-02-01T23:50:00Z", 30))
    build()
    longer = {**FIRST, "watch_duration_minutes": "55"}
    lake.events("longer", longer, play("ann", "Beta", "2026-03-02T20:57:00Z", 10))
    lake.land("watch_events", [FIRST, play("ann", "Alpha", "soon", 5)], name="bad", torn=["torn"])
    build(publish=False)
    # What was built and not published is taken once more, with what came since.
    lake.events("third", play("ben", "Beta", "2026-03-02T21:20:00Z", 30))
    build()
    assert recorded == [True] * 3

    # A catalogue and accounts change what dbt compiles; afterwards it is as before.
    lake.catalog("catalog", {"show_name": "Alpha", "show_id": "a", "runtime_minutes": "60"})
    lake.users("users", {"user_id": "ann", "country": "DE"})
    build()
    for day in (4, 5):
        lake.events(f"on {day}", play("ann", "Alpha", f"2026-03-0{day}T21:20:00Z", 50))
        build()
    # So does a date format that no batch had.
    dotted = Mapping.model_validate({"watch_date_format": "%d.%m.%Y %H:%M"})
    lake.events("dotted", play("ann", "Alpha", "06.03.2026 20:00", 50), mapping=dotted)
    build()
    assert recorded[3:] == [False, False, True, False]

    at_once = make_workshop({})
    lake.copy_to(at_once.home)
    at_once.build()
    assert_equal_marts(workshop.built(), at_once.built(), project.keys, project.marts(core=True))
    workshop.build()
    assert_equal_marts(workshop.built(), at_once.built(), project.keys)


def test_what_fails_is_undone_and_left_to_dbt(site: Site) -> None:
    workshop, lake, builder = site.workshop, site.lake, site.builder

    def plays() -> Sequence[object]:
        return workshop.built().ask(
            "select show_name, started_at from marts.fct_plays order by all"
        )

    # Whatever was built before, a build of nothing but events is recorded now.
    lake.events("usual", play("ben", "Beta", "2026-03-01T21:20:00Z", 30))
    core(builder)
    workshop.publish()
    before = plays()
    lake.events("undone", play("ben", "Beta", "2026-03-03T21:20:00Z", 30))
    site.progress.after = "fct_viewing_sessions"
    with pytest.raises(KeyboardInterrupt):
        core(builder)
    assert plays() == before

    site.progress.after = ""
    assert core(builder).is_recorded
    assert len(plays()) == len(before) + 1

    # Twice what the next build does not make anew, on a day that it touches.
    workshop.publish()
    with build_database(workshop.home) as connection:
        connection.execute("create table main.twice as from marts.fct_plays")
        connection.execute("insert into marts.fct_plays from main.twice")
    lake.events("beside", play("eve", "Beta", "2026-03-03T09:20:00Z", 30))
    with pytest.raises(BuildError, match="unique_fct_plays_play_id"):
        core(builder)
    with build_database(workshop.home) as connection:
        connection.execute(
            "create or replace table main.twice as select distinct * from marts.fct_plays"
        )
        connection.execute(
            "delete from marts.fct_plays; insert into marts.fct_plays from main.twice"
        )
        connection.execute("drop table main.twice")
    core(builder)
    workshop.publish()


@pytest.mark.parametrize(
    ("statement", "fits"),
    [
        ("create or replace temp table a__rows as select 1", True),
        ("create table a as select 1", False),
    ],
)
def test_a_table_made_from_nothing_is_not_made_again(
    site: Site, *, statement: str, fits: bool
) -> None:
    recorder = Recorder()
    recorder.hear(_sent("model.watchhouse.a", "BEGIN"))
    recorder.hear(_sent("model.watchhouse.a", statement))
    added_to = {"model.watchhouse.a": "incremental"}
    assert (recorder.recording(site.workshop.home.root, added_to) is not None) == fits
    assert recorder.recording(site.workshop.home.root, {"model.watchhouse.b": "table"}) is None


def _sent(node: str, sql: str) -> Any:
    return SimpleNamespace(data=SimpleNamespace(node_info=SimpleNamespace(unique_id=node), sql=sql))
