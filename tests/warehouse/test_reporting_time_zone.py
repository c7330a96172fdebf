"""Reporting days in another zone: dates move, everything else holds."""

from dataclasses import replace
from typing import Final

from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Workshop

_DAYS: Final = """
    select activity_date, play_count, session_count from marts.fct_user_days
    where user_id = ? order by activity_date
"""
_STARTS: Final = "select started_at from marts.fct_plays order by started_at"
_TOTALS: Final = """
    select
        (select (count(*), sum(watched_microseconds)) from marts.fct_plays),
        (select (sum(play_count), sum(watched_microseconds)) from marts.fct_user_days),
        (select (sum(play_count), sum(watched_microseconds)) from marts.fct_show_days),
        (select (count(*), sum(play_count)) from marts.fct_viewing_sessions),
        (select sum(session_count) from marts.fct_user_days)
"""


def test_a_full_refresh_in_another_zone_moves_dates_and_keeps_sums(
    workshop: Workshop, lake: Lake, make_workshop: MakeWorkshop
) -> None:
    lake.events(
        "uma",
        play("uma", "Umbra", "2026-03-28 12:00", 30),
        play("uma", "Umbra", "2026-03-28 23:10", 50),
        play("uma", "Umbra", "2026-03-29 00:10", 50),
    )
    workshop.run()
    workshop.publish(strictly=False)
    assert workshop.built().ask(_DAYS, "uma") == [("2026-03-28", 2, 2), ("2026-03-29", 1, 0)]
    sums = workshop.built().ask(_TOTALS)
    starts = workshop.built().ask(_STARTS)

    elsewhere = workshop
    for zone, days in (
        ("America/New_York", [("2026-03-28", 3, 2)]),
        ("Asia/Kolkata", [("2026-03-28", 1, 1), ("2026-03-29", 2, 1)]),
    ):
        elsewhere = replace(workshop, variables={"reporting_time_zone": zone})
        elsewhere.run("--full-refresh")
        release = elsewhere.release(elsewhere.publish(strictly=False))
        assert release.ask(_DAYS, "uma") == days
        assert release.ask(_TOTALS) == sums
        assert release.ask(_STARTS) == starts

    # Joins what was two sessions, from one reporting day into the next.
    lake.events("uma-late", play("uma", "Umbra", "2026-03-28 12:50", 600))
    elsewhere.run()
    release = elsewhere.release(elsewhere.publish(strictly=False))
    assert release.ask(_DAYS, "uma") == [("2026-03-28", 2, 1), ("2026-03-29", 2, 0)]
    at_once = make_workshop(elsewhere.variables)
    lake.copy_to(at_once.home)
    at_once.run()
    assert_equal_marts(release, at_once.built(), workshop.project.keys)
