"""Files that are sent again or whose mapping was wrong, and files that say the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingest.mappings import Mapping
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.lake import Lake, play
from tests.warehouse.stories import Story, Told
from tests.warehouse.workshop import Workshop

_SESSIONS: Final = """
    select started_at, ended_at, play_count from marts.fct_viewing_sessions
    where user_id = ? order by started_at
"""
_MINUTES: Final = """
    select event.watched_minutes, parse_filename(batch.source_uri)
    from marts.fct_plays as event
    inner join marts.rpt_batch_reconciliation as batch using (batch_id)
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


def a_file_was_landed_under_a_wrong_unit(lake: Lake) -> Iterator[None]:
    lake.land(
        "watch_events",
        [
            {
                "event_id": "g1",
                "user_id": "gia",
                "show_name": "Gale",
                "watch_date": "2026-03-14 08:00",
                "length": "600",
            },
            {
                "event_id": "g2",
                "user_id": "gia",
                "show_name": "Gale",
                "watch_date": "2026-03-14 20:00",
                "length": "300",
            },
        ],
        name="gia",
        mapping=Mapping(columns={"watch_duration_minutes": "length"}),
    )
    lake.events("gia-other", play("gia", "Gale", "2026-03-14 08:00", 12, event_id="g1"))
    yield
    lake.land_file(
        "watch_events", "gia", mapping=Mapping(columns={"watch_duration_seconds": "length"})
    )
    yield
    lake.land_file(
        "watch_events", "gia", mapping=Mapping(columns={"watch_duration_minutes": "length"})
    )
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


def accounts_were_landed_under_a_wrong_column(lake: Lake) -> Iterator[None]:
    lake.users("otto", {"user_id": "77", "login": "otto", "plan": "basic"})
    yield
    lake.land_file("users", "otto", mapping=Mapping(columns={"user_id": "login"}))
    yield


def test_an_account_that_was_none_leaves(told: Told) -> None:
    account = [(True, "basic", None, None, None)]
    assert (told.at(1).ask(_USER, "77"), told.at(1).ask(_USER, "otto")) == (account, [])
    assert (told.at(2).ask(_USER, "77"), told.at(2).ask(_USER, "otto")) == ([], account)


def a_topic_was_read_without_its_date_format(lake: Lake) -> Iterator[None]:
    lake.land(
        "watch_events",
        [
            {
                "event_id": "p1",
                "user_id": "pia",
                "show_name": "Perle",
                "watch_date": "26.03.2026 20:00",
                "length": "30",
                "note": "as heard",
            },
            {
                "event_id": "p2",
                "user_id": "pia",
                "show_name": "Perle",
                "watch_date": "2026-03-27 20:00",
                "length": "20",
                "note": None,
            },
        ],
        name="pia",
        torn=["torn"],
        mapping=Mapping(columns={"watch_duration_minutes": "length"}),
    )
    yield
    lake.replay("pia")
    yield
    lake.replay(
        "pia",
        mapping=Mapping(
            columns={"watch_duration_minutes": "length", "variant": "note"},
            watch_date_format="%d.%m.%Y %H:%M",
            time_zone="Europe/Berlin",
        ),
    )
    again = lake.land_file(
        "watch_events", "pia", mapping=Mapping(columns={"watch_duration_minutes": "length"})
    )
    assert again.status == "already_landed"
    yield


def test_a_replay_takes_rows_out_of_quarantine_and_counts_none_twice(told: Told) -> None:
    plays = "select started_at, watched_minutes, variant from marts.fct_plays where user_id = ?"
    late = ("2026-03-27 20:00", 20.0, None)
    assert told.at(1).ask(plays, "pia") == [late]
    assert told.at(1).ask(_BATCHES.format("pia")) == [("current", 2, 1, 1, 0)]
    # By the same rules the same comes of it.
    assert told.at(2).ask(plays, "pia") == [late]
    assert told.at(2).ask(_BATCHES.format("pia")) == [
        ("superseded", 2, 0, 0, 0),
        ("current", 2, 1, 1, 0),
    ]
    assert told.at(3).ask(plays + " order by all", "pia") == [
        ("2026-03-26 19:00", 30.0, "as heard"),
        # Its date had no zone either.
        ("2026-03-27 19:00", 20.0, None),
    ]
    assert told.at(3).ask(_BATCHES.format("pia")) == [
        ("superseded", 2, 0, 0, 0),
        ("superseded", 2, 0, 0, 0),
        ("current", 2, 2, 0, 0),
    ]
    chain = """
        select count(replay_of), count(distinct rejected_count)
        from marts.rpt_batch_reconciliation where parse_filename(source_uri) = 'pia.csv'
    """
    assert told.at(3).ask(chain) == [(2, 1)]


STORIES: Final[list[Story]] = [
    a_file_was_landed_under_a_wrong_unit,
    a_file_was_landed_without_its_date_format,
    a_whole_file_is_sent_again_under_another_name,
    equal_rows_arrive_in_three_files,
    three_sources_send_equal_long_versions_in_opposite_order,
    an_account_is_corrected,
    accounts_were_landed_under_a_wrong_column,
    a_topic_was_read_without_its_date_format,
]


def test_chapter_by_chapter_equals_all_at_once(told: Told, at_once: Workshop) -> None:
    keys = told.workshop.project.keys
    assert_equal_marts(told.workshop.built(), at_once.built(), keys)
    assert_equal_marts(told.at(3), at_once.built(), keys)


def test_a_file_of_the_ledger_is_read_until_a_release_has_its_batches(
    workshop: Workshop, lake: Lake
) -> None:
    def edit(entry: Path) -> None:
        entry.chmod(0o644)
        entry.write_text(entry.read_text().replace(".csv", " edited.csv"))

    def sources() -> list[str]:
        rows = workshop.built().ask("select source_uri from intermediate.int_batches")
        return sorted(source.rpartition("/")[2].removesuffix(".csv") for (source,) in rows)

    lake.events("first", play("hal", "Iris", "2026-03-02T20:00:00Z", 30))
    workshop.run()
    workshop.publish(strictly=False)
    (published,) = workshop.home.ledger.rglob("*.json")
    lake.events("second", play("hal", "Iris", "2026-03-03T20:00:00Z", 30))
    workshop.run()
    assert sources() == ["first", "second"]
    (unpublished,) = set(workshop.home.ledger.rglob("*.json")) - {published}
    edit(published)
    published.rename(published.with_name("renamed.json"))
    edit(unpublished)
    lake.events("third", play("hal", "Iris", "2026-03-04T20:00:00Z", 30))
    workshop.run()
    assert sources() == ["first edited", "second edited", "third"]
    workshop.publish(strictly=False)

    renamed = published.with_name("renamed.json")
    renamed.write_text(renamed.read_text().replace("edited", "no longer read"))
    lake.events("fourth", play("hal", "Iris", "2026-03-05T20:00:00Z", 30))
    workshop.run()
    assert sources() == ["first edited", "fourth", "second edited", "third"]
