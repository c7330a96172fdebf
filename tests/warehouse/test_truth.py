"""The simulator writes what it made, and the marts must find exactly that."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake
from tests.warehouse.workshop import Reader, Workshop
from watchhouse.simulation.scenario import Rates, Scenario
from watchhouse.simulation.writing import simulate

_SCENARIO: Final = Scenario(
    events=6_000,
    users=120,
    days=14,
    seed=7,
    rates=Rates(malformed=0.01, invalid=0.05, late=0.05, redelivered=0.02, corrected=0.02),
)


@dataclass(frozen=True)
class Simulated:
    """A simulation that was landed, built and published in two steps, the catalogue last."""

    truth: dict[str, Any]
    workshop: Workshop
    folder: Path
    release: Reader

    def one(self, sql: str) -> Any:
        """Return the only value of a query over the release."""
        ((value,),) = self.release.ask(sql)
        return value


@pytest.fixture(scope="module")
def simulated(make_workshop: MakeWorkshop, tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("simulated")
    truth = simulate(_SCENARIO, folder)
    workshop = make_workshop({})
    *first, last = [file["path"] for file in truth["files"]]
    _land(workshop, folder, "watch_events", *first)
    workshop.build()
    workshop.publish()
    _land(workshop, folder, "watch_events", last)
    _land(workshop, folder, "users", "users.csv")
    _land(workshop, folder, "catalog", "catalog.csv")
    workshop.build()
    return Simulated(truth, workshop, folder, workshop.release(workshop.publish()))


def _land(workshop: Workshop, folder: Path, stream: str, *names: str) -> None:
    lake = Lake(workshop.home, folder)
    for name in names:
        lake.land_file(stream, Path(name).stem)


def test_the_scenario_has_every_kind_of_dirt(simulated: Simulated) -> None:
    truth = simulated.truth
    figures = "rejected quarantined duplicates late_events zero_minute_events binge_sessions"
    assert all(truth[name] > 0 for name in figures.split())
    assert len(truth["rejected_by_reason"]) >= 2
    assert len(truth["quarantined_by_reason"]) >= 5


@pytest.mark.parametrize(
    ("figure", "sql"),
    [
        ("records", "select sum(read_count) from events"),
        ("rejected", "select sum(rejected_count) from events"),
        ("landed", "select sum(landed_count) from events"),
        ("valid", "select sum(valid_count) from events"),
        ("quarantined", "select sum(quarantined_count) from events"),
        ("duplicates", "select sum(duplicate_count) from events"),
        (
            "zero_minute_events",
            "select sum(valid_count) - (select count(*) from marts.fct_plays) from events",
        ),
        ("plays", "select count(*) from marts.fct_plays"),
        ("plays", "select sum(play_count) from marts.fct_user_days"),
        ("plays", "select sum(play_count) from marts.fct_show_days"),
        ("plays", "select sum(play_count) from marts.fct_viewing_sessions"),
        ("valid_plays", "select count(*) from marts.fct_plays where watched_minutes >= 0.5"),
        (
            "distinct_users",
            "select count(*) from marts.dim_users where first_watched_at is not null",
        ),
        ("distinct_shows", "select count(*) from marts.dim_shows where has_plays"),
        ("user_days", "select count(*) from marts.fct_user_days"),
        ("watched_microseconds", "select sum(watched_microseconds) from marts.fct_plays"),
        ("watched_microseconds", "select sum(watched_microseconds) from marts.fct_show_days"),
        ("sessions", "select count(*) from marts.fct_viewing_sessions"),
        ("sessions", "select sum(session_count) from marts.fct_user_days"),
        (
            "binge_sessions",
            "select count(*) from marts.fct_viewing_sessions where is_binge_session",
        ),
        ("plays_with_known_runtime", "select count(runtime_minutes) from marts.fct_plays"),
        (
            "plays_with_known_runtime",
            "select sum(known_runtime_play_count) from marts.fct_show_days",
        ),
        ("complete_plays", "select count(*) from marts.fct_plays where is_complete_play"),
        ("complete_plays", "select sum(complete_play_count) from marts.fct_show_days"),
        (
            "first_started_at",
            "select strftime(min(first_watched_at), '{iso}') from marts.dim_users",
        ),
        ("last_started_at", "select strftime(max(last_watched_at), '{iso}') from marts.dim_users"),
    ],
)
def test_a_figure_of_the_truth_is_what_the_marts_say(
    figure: str, sql: str, simulated: Simulated
) -> None:
    events = """
        with events as (
            from marts.rpt_batch_reconciliation where stream = 'watch_events' and status = 'current'
        )
    """
    assert simulated.one(events + sql.format(iso="%Y-%m-%dT%H:%M:%SZ")) == simulated.truth[figure]


@pytest.mark.parametrize("figure", ["rejected", "quarantined"])
def test_reasons_are_those_of_the_truth(figure: str, simulated: Simulated) -> None:
    found = simulated.release.ask(
        f"""
        select code, count(*)
        from marts.fct_quarantined_events, unnest(reason_codes) as reason (code)
        where stream = 'watch_events' and is_rejected = {figure == "rejected"}
        group by code
        """
    )
    assert dict(found) == simulated.truth[f"{figure}_by_reason"]


def test_plays_by_day_are_those_of_the_truth(simulated: Simulated) -> None:
    days = (
        "select activity_date, sum(play_count) from marts.fct_show_days group by all order by all"
    )
    assert dict(simulated.release.ask(days)) == simulated.truth["plays_by_day"]


def test_top_shows_are_those_of_the_truth(simulated: Simulated) -> None:
    found = simulated.release.ask(
        """
        select
            case when is_in_catalog then show_id end, show_name, sum(play_count),
            sum(watched_microseconds), sum(watched_microseconds) / 3600e6
        from marts.fct_show_days inner join marts.dim_shows using (show_id)
        group by show_id, show_name, is_in_catalog
        order by sum(watched_microseconds) desc, show_name limit 10
        """
    )
    keys = ("show_id", "show_name", "play_count", "watched_microseconds", "hours_viewed")
    expected = simulated.truth["top_shows"]
    assert [dict(zip(keys, row, strict=True)) for row in found] == expected


def test_the_catalogue_and_the_accounts_are_all_there(simulated: Simulated) -> None:
    truth = simulated.truth
    shows = "select count(*) from marts.dim_shows where is_in_catalog"
    assert simulated.one(shows) == truth["catalog"]["shows"]
    accounts = "select count(*) from marts.dim_users where has_account"
    assert simulated.one(accounts) == truth["users"]["records"]


def test_two_steps_equal_one(simulated: Simulated, make_workshop: MakeWorkshop) -> None:
    at_once = make_workshop({})
    Lake(simulated.workshop.home, simulated.folder).copy_to(at_once.home)
    at_once.run()
    keys = simulated.workshop.project.keys
    assert_equal_marts(simulated.workshop.built(), at_once.built(), keys)
    assert_equal_marts(simulated.release, at_once.built(), keys)
