"""Which published day moved in which release, and why."""

from datetime import date
from typing import Any

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)

LEDGER = """
    select release_id, activity_date, causes, play_count_before, play_count_after
    from history.restatements order by all
"""


def move(build: Any, sql: str) -> None:
    """Change the plays of Monday as a run of dbt would, and say so."""
    build.run(sql)
    build.run(f"insert into intermediate.int_changed_days values (date '{MONDAY}')")


def test_the_first_release_and_the_day_that_goes_on_restate_nothing(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.add("b", [TUESDAY, WEDNESDAY])
    small_build.publish()

    assert small_build.read(LEDGER) == []


def test_events_of_a_day_that_was_over_are_late(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.add("b", [MONDAY])
    small_build.publish()
    small_build.add("c", [WEDNESDAY])
    small_build.publish()

    assert small_build.read(LEDGER) == [(2, MONDAY, ["late"], 10, 20)]
    assert small_build.read(LEDGER, release="1") == []
    assert small_build.read(
        "select hours_viewed_before, hours_viewed_after from history.restatements"
    ) == [(0.75, 1.5)]


def test_a_play_that_left_or_changed_is_a_correction(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    move(
        small_build,
        f"delete from marts.fct_plays where watched_minutes < 3 and started_date = '{MONDAY}'",
    )
    small_build.publish()
    move(
        small_build,
        f"update marts.fct_plays set is_complete_play = true where started_date = '{MONDAY}'",
    )
    small_build.publish()
    move(
        small_build,
        "update marts.fct_plays set watched_microseconds = 7 where watched_minutes = 5"
        f" and started_date = '{MONDAY}'",
    )
    small_build.publish()

    assert small_build.read(LEDGER) == [
        (2, MONDAY, ["correction"], 10, 7),
        (3, MONDAY, ["correction"], 7, 7),
        (4, MONDAY, ["correction"], 7, 7),
    ]


def test_a_longer_record_of_a_known_event_is_a_correction_and_not_late(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.add("b", [])
    move(
        small_build,
        "update marts.fct_plays set batch_id = 'b', watched_microseconds = 9e9"
        f" where watched_minutes = 5 and started_date = '{MONDAY}'",
    )
    small_build.publish()
    small_build.add("c", [MONDAY], plays=1)
    move(
        small_build,
        f"delete from marts.fct_plays where batch_id = 'b' and started_date = '{MONDAY}'",
    )
    small_build.run("insert into marts.fct_plays select * from marts.fct_plays where batch_id='c'")
    small_build.publish()

    assert small_build.read(LEDGER) == [
        (2, MONDAY, ["correction"], 10, 10),
        (3, MONDAY, ["correction", "late"], 10, 11),
    ]


def test_a_replayed_batch_says_so(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.add("b", [MONDAY], plays=12)
    small_build.run("update intermediate.int_batches set replay_of = 'a' where batch_id = 'b'")
    move(small_build, "delete from marts.fct_plays where batch_id = 'a'")
    small_build.publish()

    assert small_build.read(LEDGER) == [(2, MONDAY, ["replay"], 10, 12)]


def test_a_day_without_plays_any_more_is_restated_to_nothing(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    move(small_build, f"delete from marts.fct_plays where started_date = '{MONDAY}'")
    small_build.publish()

    assert small_build.read(LEDGER) == [(2, MONDAY, ["correction"], 10, 0)]


def test_other_code_is_the_only_cause_it_names(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.run("update history.last_publication set code_version = 'before'")
    small_build.add("b", [MONDAY])
    small_build.publish()

    assert small_build.read(LEDGER) == [(2, MONDAY, ["code"], 10, 20)]


def test_a_full_refresh_that_finds_the_same_restates_nothing(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.run("delete from history.published_batches; delete from history.release_parts")
    small_build.publish()

    assert small_build.read(LEDGER) == []
