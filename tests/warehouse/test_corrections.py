"""Events that arrive late, again or corrected, and files under a mended mapping.

There is no catalogue in this lake.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingest.mappings import Mapping
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.stories import Story, Told, chapters
from tests.warehouse.workshop import Reader, Workshop

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
_MINUTES: Final = """
    select event.watched_minutes, parse_filename(batch.source_uri)
    from marts.fct_plays as event inner join marts.rpt_batch_reconciliation as batch using (batch_id)
    where user_id = ? order by event.started_at
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


def a_file_was_landed_under_a_wrong_unit(lake: Lake) -> Iterator[None]:
    lake.land(
        "watch_events",
        [
            {"event_id": "g1", "user_id": "gia", "show_name": "Gale", "watch_date": "2026-03-14 08:00",
             "length": "600"},
            {"event_id": "g2", "user_id": "gia", "show_name": "Gale", "watch_date": "2026-03-14 20:00",
             "length": "300"},
        ],
        name="gia",
        mapping=Mapping(columns={"watch_duration_minutes": "length"}),
    )
    lake.events("gia-other", play("gia", "Gale", "2026-03-14 08:00", 12, event_id="g1"))
    yield
    lake.land_file("watch_events", "gia", mapping=Mapping(columns={"watch_duration_seconds": "length"}))
    yield
    lake.land_file("watch_events", "gia", mapping=Mapping(columns={"watch_duration_minutes": "length"}))
    yield


def test_the_same_file_under_a_mended_mapping_replaces_itself(told: Told) -> None:
    assert told.at(1).ask(_MINUTES, "gia") == [(600.0, "gia.csv"), (300.0, "gia.csv")]
    assert told.at(1).ask(_BATCHES.format("gia-other")) == [("current", 1, 0, 0, 1)]
    # Ten minutes now, so the twelve of the other file are the longest.
    assert told.at(2).ask(_MINUTES, "gia") == [(12.0, "gia-other.csv"), (5.0, "gia.csv")]
    assert told.at(2).ask(_BATCHES.format("gia-other")) == [("current", 1, 1, 0, 0)]
    assert told.at(2).ask(_BATCHES.format("gia")) == [
        ("superseded", 2, 0, 0, 0),
        ("current", 2, 1, 0, 1),
    ]


def test_a_mapping_that_was_mended_wrongly_can_be_used_again(told: Told) -> None:
    assert told.at(3).ask(_MINUTES, "gia") == told.at(1).ask(_MINUTES, "gia")
    assert told.at(3).ask(_BATCHES.format("gia")) == [
        ("superseded", 2, 0, 0, 0),
        ("superseded", 2, 0, 0, 0),
        ("current", 2, 2, 0, 0),
    ]


def a_file_was_landed_without_its_date_format(lake: Lake) -> Iterator[None]:
    lake.land(
        "watch_events", [play("mia", "Mistral", "26.03.2026 20:00", 30)], name="mia", torn=["torn"]
    )
    yield
    mended = Mapping(watch_date_format="%d.%m.%Y %H:%M", time_zone="Europe/Berlin")
    lake.land_file("watch_events", "mia", mapping=mended)
    yield


def test_a_mended_mapping_takes_rows_out_of_quarantine(told: Told) -> None:
    reasons = """
        select unnest(reason_codes), source_position, status
        from marts.fct_quarantined_events
        inner join marts.rpt_batch_reconciliation as batch using (batch_id)
        where parse_filename(batch.source_uri) = 'mia.csv' order by all
    """
    assert told.at(1).ask(reasons) == [
        ("column_count", 3, "current"),
        ("unparseable_watch_date", 2, "current"),
    ]
    assert told.at(1).ask(_SESSIONS, "mia") == []
    assert told.at(2).ask(reasons) == [("column_count", 3, "current")]
    assert told.at(2).ask(_SESSIONS, "mia") == [("2026-03-26 19:00", "2026-03-26 19:30", 1)]


def a_whole_file_is_sent_again_under_another_name(lake: Lake) -> Iterator[None]:
    rows = [play("ivy", "Iris", f"2026-03-20 {hour}:00", 20) for hour in (10, 11, 12)]
    lake.events("ivy", *rows)
    yield
    assert lake.land("watch_events", rows, name="ivy-again").status == "already_landed"
    yield


def test_a_whole_file_sent_again_changes_nothing(told: Told) -> None:
    assert len(told.at(1).ask(_SESSIONS, "ivy")) == 3
    assert told.at(2).ask(_SESSIONS, "ivy") == told.at(1).ask(_SESSIONS, "ivy")
    assert told.at(2).ask(_BATCHES.format("ivy-again")) == []


def equal_rows_arrive_in_three_files(lake: Lake) -> Iterator[None]:
    row = play("jon", "Jade", "2026-03-22 20:00", 30, event_id="j1")
    for number in (1, 2, 3):
        other = play("jon", "Jade", f"2026-03-22 0{number}:00", 0)
        lake.events(f"jon-{number}", row, other)
        yield


def test_of_equal_rows_that_of_the_smallest_batch_is_kept(told: Told) -> None:
    kept = "select cast(batch_id as varchar) from marts.fct_plays where user_id = ?"
    chosen = [told.at(number).ask(kept, "jon") for number in (1, 2, 3)]
    landed = "select batch_id from marts.rpt_batch_reconciliation where source_uri like '%/jon-%'"
    for number in (1, 2, 3):
        assert chosen[number - 1] == [min(told.at(number).ask(landed))]
    # The proof is worth something only if a later file took the place of an earlier one.
    assert chosen[0] != chosen[2]


def three_sources_send_equal_long_versions_in_opposite_order(lake: Lake) -> Iterator[None]:
    for devices in (("phone", "tv", "web"), ("tv", "web", "phone"), ("web", "phone", "tv")):
        for source, device in zip(("east", "north", "west"), devices, strict=True):
            lake.events(
                f"kim-{source}-{device}",
                play("kim", "Karst", "2026-03-23 20:00", 30, event_id="k1", device=device),
                # Files of equal content would replace each other.
                play("kim", f"Karst {source}", "2026-03-23 02:00", 0, device=None),
                mapping=Mapping(source=source),
            )
        yield


def test_of_versions_equally_long_the_choice_does_not_depend_on_the_order(told: Told) -> None:
    devices = "select device from marts.fct_plays where user_id = ?"
    assert len(set(told.at(1).ask(devices, "kim"))) == 3
    assert len(told.at(3).ask(devices, "kim")) == 3
    assert len(set(told.at(3).ask(devices, "kim"))) == 1


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


def an_account_is_corrected(lake: Lake) -> Iterator[None]:
    lake.events("ned", play("ned", "Nimbus", "2026-03-28 20:00", 30))
    lake.users(
        "accounts",
        {"user_id": "ned", "country": "DE", "plan": "basic"},
        {"user_id": "nobody", "country": "FR", "plan": "basic"},
    )
    yield
    lake.users("accounts-2", {"user_id": "ned", "country": "AT", "tier": "gold", "plan": "family"})
    yield
    lake.land_file("users", "accounts-2", mapping=Mapping(columns={"plan": "tier"}))
    yield


def test_a_later_account_replaces_an_earlier_one(told: Told) -> None:
    watched = ("2026-03-28 20:00", "2026-03-28 20:00")
    assert told.at(1).ask(_USER, "ned") == [(True, "basic", "DE", *watched)]
    assert told.at(2).ask(_USER, "ned") == [(True, "family", "AT", *watched)]
    assert told.at(3).ask(_USER, "ned") == [(True, "gold", "AT", *watched)]
    assert told.at(3).ask(_USER, "nobody") == [(True, "basic", "FR", None, None)]
    assert told.at(1).ask(_BATCHES.format("accounts")) == [("current", 2, 2, 0, 0)]
    assert told.at(2).ask(_BATCHES.format("accounts")) == [("current", 2, 1, 0, 1)]


STORIES: Final[list[Story]] = [
    a_late_event_merges_two_sessions_across_midnight,
    a_correction_makes_a_session_fall_apart,
    a_correction_moves_a_play_to_another_show,
    a_correction_moves_a_play_to_another_user,
    a_zero_minute_event_turns_out_positive,
    all_plays_of_a_day_move_away,
    a_file_was_landed_under_a_wrong_unit,
    a_file_was_landed_without_its_date_format,
    a_whole_file_is_sent_again_under_another_name,
    equal_rows_arrive_in_three_files,
    three_sources_send_equal_long_versions_in_opposite_order,
    an_event_is_late_by_weeks,
    an_account_is_corrected,
]


def test_without_a_catalogue_runtime_and_completion_are_unknown(told: Told) -> None:
    known = """
        select count(*), count(runtime_minutes), count(completion_rate), count(is_complete_play)
        from marts.fct_plays
    """
    ((plays, *others),) = told.at(1).ask(known)
    assert plays > 10
    assert others == [0, 0, 0]
    assert told.at(1).ask("select distinct show_id_source from marts.fct_plays") == [("name",)]


def test_chapter_by_chapter_equals_all_at_once(told: Told, at_once: Workshop) -> None:
    keys = told.workshop.project.keys
    assert_equal_marts(told.workshop.built(), at_once.built(), keys)
    assert_equal_marts(told.at(3), at_once.built(), keys)


def test_builds_that_die_or_are_not_published_equal_all_at_once(
    told: Told, at_once: Workshop, make_workshop: MakeWorkshop, inbox: Path
) -> None:
    workshop = make_workshop({})
    lake = Lake(workshop.home, inbox)
    for chapter in chapters(told.stories, lake):
        if chapter == 1:
            workshop.run()
            workshop.publish(strictly=False)
        elif chapter == 2:
            workshop.run_without("rpt_batch_reconciliation", "fct_viewing_sessions+")
        else:
            workshop.run()

    assert_equal_marts(workshop.built(), at_once.built(), told.workshop.project.keys)
