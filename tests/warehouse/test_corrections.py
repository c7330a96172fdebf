"""Events that arrive late or are corrected. There is no catalogue in this lake."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.stories import Story, Told, chapters
from tests.warehouse.workshop import Workshop

_SESSIONS: Final = """
    select started_at, ended_at, play_count from marts.fct_viewing_sessions
    where user_id = ? order by started_at
"""
_USER_DAYS: Final = """
    select activity_date, play_count, session_count from marts.fct_user_days
    where user_id = ? order by activity_date
"""
_SHOW_DAYS: Final = """
    select show_name, activity_date, play_count
    from marts.fct_show_days inner join marts.dim_shows using (show_id)
    where activity_date = date '{}' order by all
"""
_BATCHES: Final = """
    select status, landed_count, valid_count, quarantined_count, duplicate_count
    from marts.rpt_batch_reconciliation where parse_filename(source_uri) = '{}.csv'
    order by status desc, landed_at
"""
_USER: Final = """
    select has_account, plan, country, first_watched_at, last_watched_at from marts.dim_users
    where user_id = ?
"""


def a_late_event_merges_two_sessions_across_midnight(lake: Lake) -> Iterator[None]:
    lake.events(
        "ada",
        play("ada", "Alba", "2026-03-02 23:00", 40),
        play("ada", "Alba", "2026-03-03 00:20", 30),
    )
    yield
    lake.events("ada-late", play("ada", "Alba", "2026-03-02 23:45", 20))
    yield


def test_a_late_event_merges_two_sessions_across_midnight(told: Told) -> None:
    assert told.at(1).ask(_SESSIONS, "ada") == [
        ("2026-03-02 23:00", "2026-03-02 23:40", 1),
        ("2026-03-03 00:20", "2026-03-03 00:50", 1),
    ]
    assert told.at(1).ask(_USER_DAYS, "ada") == [("2026-03-02", 1, 1), ("2026-03-03", 1, 1)]
    assert told.at(2).ask(_SESSIONS, "ada") == [("2026-03-02 23:00", "2026-03-03 00:50", 3)]
    assert told.at(2).ask(_USER_DAYS, "ada") == [("2026-03-02", 2, 1), ("2026-03-03", 1, 0)]


def a_correction_makes_a_session_fall_apart(lake: Lake) -> Iterator[None]:
    lake.events(
        "ben",
        play("ben", "Brume", "2026-03-05 10:00", 60, event_id="b1"),
        play("ben", "Brume", "2026-03-05 11:20", 20, event_id="b2"),
        play("ben", "Brume", "2026-03-05 12:00", 30, event_id="b3"),
    )
    yield
    lake.events("ben-corrected", play("ben", "Brume", "2026-03-06 09:00", 25, event_id="b2"))
    yield


def test_a_correction_makes_a_session_fall_apart(told: Told) -> None:
    assert told.at(1).ask(_SESSIONS, "ben") == [("2026-03-05 10:00", "2026-03-05 12:30", 3)]
    assert told.at(2).ask(_SESSIONS, "ben") == [
        ("2026-03-05 10:00", "2026-03-05 11:00", 1),
        ("2026-03-05 12:00", "2026-03-05 12:30", 1),
        ("2026-03-06 09:00", "2026-03-06 09:25", 1),
    ]
    assert told.at(2).ask(_BATCHES.format("ben")) == [("current", 3, 2, 0, 1)]
    assert told.at(2).ask(_BATCHES.format("ben-corrected")) == [("current", 1, 1, 0, 0)]


def a_correction_moves_a_play_to_another_show(lake: Lake) -> Iterator[None]:
    lake.events("cleo", play("cleo", "Wrong Title", "2026-03-08 20:00", 30, event_id="c1"))
    yield
    lake.events("cleo-2", play("cleo", "Right Title", "2026-03-08 20:00", 31, event_id="c1"))
    yield


def test_a_correction_moves_a_play_to_another_show(told: Told) -> None:
    days = _SHOW_DAYS.format("2026-03-08")
    assert told.at(1).ask(days) == [("Wrong Title", "2026-03-08", 1)]
    assert told.at(2).ask(days) == [("Right Title", "2026-03-08", 1)]
    titles = "select show_name from marts.dim_shows where show_name like '% Title'"
    assert told.at(2).ask(titles) == [("Right Title",)]


def a_correction_moves_a_play_to_another_user(lake: Lake) -> Iterator[None]:
    lake.events("dan", play("dan", "Delta", "2026-03-10 20:00", 30, event_id="d1"))
    yield
    lake.events("eve", play("eve", "Delta", "2026-03-10 20:00", 31, event_id="d1"))
    yield


def test_a_correction_moves_a_play_to_another_user(told: Told) -> None:
    watched = (False, None, None, "2026-03-10 20:00", "2026-03-10 20:00")
    assert told.at(1).ask(_USER, "dan") == [watched]
    assert told.at(1).ask(_USER, "eve") == []
    assert told.at(2).ask(_USER, "dan") == []
    assert told.at(2).ask(_USER, "eve") == [watched]
    assert told.at(2).ask(_SESSIONS, "dan") == []


def a_zero_minute_event_turns_out_positive(lake: Lake) -> Iterator[None]:
    lake.events("finn", play("finn", "Fjord", "2026-03-12 20:00", 0, event_id="f1"))
    yield
    lake.events("finn-2", play("finn", "Fjord", "2026-03-12 20:00", 5, event_id="f1"))
    yield


def test_a_zero_minute_event_turns_out_positive(told: Told) -> None:
    assert told.at(1).ask(_SESSIONS, "finn") == []
    assert told.at(1).ask(_BATCHES.format("finn")) == [("current", 1, 1, 0, 0)]
    assert told.at(2).ask(_SESSIONS, "finn") == [("2026-03-12 20:00", "2026-03-12 20:05", 1)]
    assert told.at(2).ask(_BATCHES.format("finn")) == [("current", 1, 0, 0, 1)]


def all_plays_of_a_day_move_away(lake: Lake) -> Iterator[None]:
    lake.events("hal", play("hal", "Helix", "2026-03-17 20:00", 30, event_id="h1"))
    yield
    lake.events("hal-2", play("hal", "Helix", "2026-03-18 20:00", 31, event_id="h1"))
    yield


def test_a_day_whose_plays_all_move_away_disappears(told: Told) -> None:
    for mart, day in (
        ("fct_plays", "started_date"),
        ("fct_viewing_sessions", "started_date"),
        ("fct_user_days", "activity_date"),
        ("fct_show_days", "activity_date"),
    ):
        rows = f"select {day} from marts.{mart} where {day} between '2026-03-17' and '2026-03-18'"
        assert told.at(1).ask(rows) == [("2026-03-17",)]
        assert told.at(2).ask(rows) == [("2026-03-18",)]


def an_event_is_late_by_weeks(lake: Lake) -> Iterator[None]:
    lake.events("lea", play("lea", "Lagoon", "2026-03-24 20:00", 30))
    yield
    lake.events("lea-late", play("lea", "Lagoon", "2026-02-02 20:00", 30))
    yield


def test_an_event_that_is_late_by_weeks_opens_its_own_day(told: Told) -> None:
    assert told.at(1).ask(_USER_DAYS, "lea") == [("2026-03-24", 1, 1)]
    assert told.at(2).ask(_USER_DAYS, "lea") == [("2026-02-02", 1, 1), ("2026-03-24", 1, 1)]
    assert told.at(2).ask(_USER, "lea") == [
        (False, None, None, "2026-02-02 20:00", "2026-03-24 20:00")
    ]


def late_events_come_within_exactly_the_gap(lake: Lake) -> Iterator[None]:
    lake.events(
        "max",
        play("max", "Mesa", "2026-03-30 10:00", 30),
        play("max", "Mesa", "2026-03-31 10:00", 30),
        play("max", "Mesa", "2026-04-01 10:00", 30),
    )
    yield
    lake.events(
        "max-late",
        play("max", "Mesa", "2026-03-30 11:00", 10),
        play("max", "Mesa", "2026-03-31 09:00", 30),
        play("max", "Mesa", "2026-04-01 11:01", 10),
    )
    yield


def test_a_late_event_within_exactly_the_gap_joins_on_either_side(told: Told) -> None:
    assert told.at(2).ask(_SESSIONS, "max") == [
        ("2026-03-30 10:00", "2026-03-30 11:10", 2),
        ("2026-03-31 09:00", "2026-03-31 10:30", 2),
        ("2026-04-01 10:00", "2026-04-01 10:30", 1),
        ("2026-04-01 11:01", "2026-04-01 11:11", 1),
    ]


STORIES: Final[list[Story]] = [
    a_late_event_merges_two_sessions_across_midnight,
    a_correction_makes_a_session_fall_apart,
    a_correction_moves_a_play_to_another_show,
    a_correction_moves_a_play_to_another_user,
    a_zero_minute_event_turns_out_positive,
    all_plays_of_a_day_move_away,
    an_event_is_late_by_weeks,
    late_events_come_within_exactly_the_gap,
]


def test_without_a_catalogue_runtime_and_completion_are_unknown(told: Told) -> None:
    known = """
        select count(*), count(runtime_minutes), count(completion_rate), count(is_complete_play)
        from marts.fct_plays
    """
    ((plays, *others),) = told.at(1).ask(known)
    assert plays > 0
    assert others == [0, 0, 0]
    assert told.at(1).ask("select distinct show_id_source from marts.fct_plays") == [("name",)]


def test_chapter_by_chapter_equals_all_at_once(told: Told, at_once: Workshop) -> None:
    keys = told.workshop.project.keys
    assert_equal_marts(told.workshop.built(), at_once.built(), keys)
    assert_equal_marts(told.at(2), at_once.built(), keys)


def test_a_build_that_dies_is_made_good_by_the_next(
    told: Told, at_once: Workshop, make_workshop: MakeWorkshop, inbox: Path
) -> None:
    workshop = make_workshop({})
    for chapter in chapters(told.stories, Lake(workshop.home, inbox)):
        if chapter == 1:
            workshop.run()
            workshop.publish(strictly=False)
        else:
            workshop.run_without("int_watch_events_checked")
            workshop.run_without("rpt_batch_reconciliation", "fct_viewing_sessions+")
            workshop.run()

    assert_equal_marts(workshop.built(), at_once.built(), told.workshop.project.keys)
