"""A catalogue that comes late or changes its mind, and names that compete."""

from collections.abc import Iterator
from typing import Final

from ingest.mappings import Mapping
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.lake import Lake, play
from tests.warehouse.stories import Story, Told
from tests.warehouse.workshop import Workshop

_PLAYS: Final = """
    select case when show_id like 'name-%' then 'name' else show_id end, show_id_source,
        runtime_minutes, runtime_source, round(completion_rate, 3), is_complete_play
    from marts.fct_plays where user_id = ? order by started_at
"""
_SHOWS: Final = """
    select case when show_id like 'name-%' then 'name' else show_id end,
        show_name, genres, is_in_catalog, has_plays
    from marts.dim_shows where lower(show_name) like '{}' order by all
"""
_SHOW_DAYS: Final = """
    select show_name, play_count, complete_play_count
    from marts.fct_show_days inner join marts.dim_shows using (show_id)
    where activity_date = date '{}' order by all
"""


def the_catalogue_lands_last(lake: Lake) -> Iterator[None]:
    lake.events(
        "olga",
        play("olga", " orchard ", "2026-04-01 20:00", 45),
        play("olga", "Garden of fruit", "2026-04-01 23:00", 10),
    )
    yield
    yield
    yield
    lake.catalog(
        "orchard",
        {
            "show_id": "o1",
            "show_name": "Orchard",
            "aliases": "Obstgarten|Garden of Fruit",
            "genres": "Drama, Nature",
            "runtime_minutes": "50",
        },
    )
    yield


def test_a_catalogue_that_lands_last_names_shows_and_runtimes(told: Told) -> None:
    unknown = ("name", "name", None, None, None, None)
    assert told.at(3).ask(_PLAYS, "olga") == [unknown, unknown]
    assert told.at(4).ask(_PLAYS, "olga") == [
        ("o1", "catalog", 50.0, "catalog", 0.9, True),
        ("o1", "catalog", 50.0, "catalog", 0.2, False),
    ]
    assert told.at(3).ask(_SHOWS.format("orchard")) == [("name", "orchard", None, False, True)]
    assert told.at(4).ask(_SHOWS.format("orchard")) == [
        ("o1", "Orchard", ["Drama", "Nature"], True, True)
    ]
    assert told.at(4).ask(_SHOWS.format("garden%")) == []
    assert told.at(4).ask(_SHOW_DAYS.format("2026-04-01")) == [("Orchard", 2, 1)]
    received = "select show_name from marts.fct_plays where user_id = ? order by started_at"
    assert told.at(4).ask(received, "olga") == [("orchard",), ("Garden of fruit",)]


def a_runtime_is_corrected(lake: Lake) -> Iterator[None]:
    def entry(minutes: str, updated: str) -> dict[str, str | None]:
        return {
            "show_id": "h1",
            "show_name": "Harbour",
            "runtime_minutes": minutes,
            "updated_at": updated,
        }

    lake.events("pia", play("pia", "Harbour", "2026-04-03 20:00", 30))
    lake.catalog("harbour", entry("60", "2026-01-01"))
    yield
    lake.catalog("harbour-2", entry("32", "2026-02-01"))
    yield
    lake.catalog("harbour-0", entry("100", "2025-12-01"))
    yield


def test_a_corrected_runtime_completes_plays_long_past(told: Told) -> None:
    assert told.at(1).ask(_PLAYS, "pia") == [("h1", "catalog", 60.0, "catalog", 0.5, False)]
    corrected = [("h1", "catalog", 32.0, "catalog", 0.938, True)]
    assert told.at(2).ask(_PLAYS, "pia") == corrected
    # What was true before the correction is old, however late it lands.
    assert told.at(3).ask(_PLAYS, "pia") == corrected
    assert told.at(1).ask(_SHOW_DAYS.format("2026-04-03")) == [("Harbour", 1, 0)]
    assert told.at(2).ask(_SHOW_DAYS.format("2026-04-03")) == [("Harbour", 1, 1)]


def a_name_becomes_ambiguous_and_unambiguous(lake: Lake) -> Iterator[None]:
    lake.events("quin", play("quin", "Gemini", "2026-04-05 20:00", 30))
    lake.catalog("gemini", {"show_id": "g1", "show_name": "Gemini"})
    yield
    lake.catalog("twins", {"show_id": "g2", "show_name": "Gemini", "original": "Zwillinge"})
    yield
    lake.land_file("catalog", "twins", mapping=Mapping(columns={"show_name": "original"}))
    yield


def test_a_name_of_two_shows_is_nobodys_until_it_is_one_shows_again(told: Told) -> None:
    known = [("g1", "catalog", None, None, None, None)]
    assert told.at(1).ask(_PLAYS, "quin") == known
    assert told.at(2).ask(_PLAYS, "quin") == [("name", "name", None, None, None, None)]
    assert told.at(3).ask(_PLAYS, "quin") == known
    assert told.at(2).ask(_SHOWS.format("gemini")) == [
        ("g1", "Gemini", None, True, False),
        ("g2", "Gemini", None, True, False),
        ("name", "Gemini", None, False, True),
    ]
    assert told.at(3).ask(_SHOWS.format("gemini")) == [("g1", "Gemini", None, True, True)]


def a_show_was_landed_under_a_wrong_id(lake: Lake) -> Iterator[None]:
    lake.events("vera", play("vera", "Verso", "2026-04-15 20:00", 30))
    lake.catalog("verso", {"show_id": "v1", "code": "v2", "show_name": "Verso"})
    yield
    lake.land_file("catalog", "verso", mapping=Mapping(columns={"show_id": "code"}))
    yield


def test_a_name_moves_from_one_show_to_another(told: Told) -> None:
    assert told.at(1).ask(_PLAYS, "vera") == [("v1", "catalog", None, None, None, None)]
    assert told.at(2).ask(_PLAYS, "vera") == [("v2", "catalog", None, None, None, None)]
    assert told.at(2).ask(_SHOWS.format("verso")) == [("v2", "Verso", None, True, True)]


def a_spelling_loses_its_majority(lake: Lake) -> Iterator[None]:
    lake.events(
        "rosa",
        play("rosa", "THE BRIDGE", "2026-04-07 20:00", 30, content_type="film"),
        play("rosa", "The Bridge", "2026-04-07 22:00", 30, content_type="series"),
        play("rosa", "THE BRIDGE", "2026-04-08 20:00", 30, content_type="film"),
    )
    yield
    lake.events("rosa-2", play("rosa", "The  Bridge", "2026-04-09 20:00", 30))
    yield
    lake.events("rosa-3", play("rosa", "The Bridge", "2026-01-07 20:00", 30))
    yield


def test_the_most_frequent_spelling_is_shown(told: Told) -> None:
    shown = (
        "select show_name, content_type from marts.dim_shows where lower(show_name) = 'the bridge'"
    )
    assert told.at(1).ask(shown) == [("THE BRIDGE", "film")]
    # Two of each: the smallest string.
    assert told.at(2).ask(shown) == [("THE BRIDGE", "film")]
    assert told.at(3).ask(shown) == [("The Bridge", "film")]


def an_event_says_what_the_catalogue_says_otherwise(lake: Lake) -> Iterator[None]:
    own = {"show_id": "own", "runtime_minutes": "40"}
    lake.events("sam", play("sam", "Sable", "2026-04-11 20:00", 36, **own))
    yield
    lake.catalog("sable", {"show_id": "s1", "show_name": "Sable", "runtime_minutes": "400"})
    yield


def test_what_an_event_says_of_its_show_stands(told: Told) -> None:
    said = [("own", "event", 40.0, "event", 0.9, True)]
    assert told.at(1).ask(_PLAYS, "sam") == said
    assert told.at(2).ask(_PLAYS, "sam") == said


def a_runtime_is_known_only_of_some_episodes(lake: Lake) -> Iterator[None]:
    lake.events(
        "tess",
        play("tess", "Tundra", "2026-04-13 20:00", 20, season="1", episode="1"),
        play("tess", "Tundra", "2026-04-13 20:20", 20, season="1", episode="2"),
        play("tess", "Tundra", "2026-04-13 20:40", 20, season="1", episode="3"),
    )
    yield
    lake.catalog(
        "tundra",
        {
            "show_id": "t1",
            "show_name": "Tundra",
            "season": None,
            "episode": None,
            "runtime_minutes": "90",
        },
        {
            "show_id": "t1",
            "show_name": "Tundra",
            "season": "1",
            "episode": "1",
            "runtime_minutes": "21",
        },
        {
            "show_id": "t1",
            "show_name": "Tundra",
            "season": "1",
            "episode": "2",
            "runtime_minutes": None,
        },
    )
    yield


def test_no_runtime_is_inferred_from_that_of_the_series(told: Told) -> None:
    assert told.at(2).ask(_PLAYS, "tess") == [
        ("t1", "catalog", 21.0, "catalog", 0.952, True),
        ("t1", "catalog", None, None, None, None),
        ("t1", "catalog", None, None, None, None),
    ]
    binges = "select is_binge_session from marts.fct_viewing_sessions where user_id = ?"
    assert told.at(1).ask(binges, "tess") == told.at(2).ask(binges, "tess") == [(True,)]


def a_film_was_a_series_all_along(lake: Lake) -> Iterator[None]:
    def entry(content_type: str, updated: str) -> dict[str, str | None]:
        return {
            "show_id": "u1",
            "show_name": "Umbrella",
            "content_type": content_type,
            "updated_at": updated,
        }

    lake.catalog("umbrella", entry("film", "2026-01-01"))
    lake.events(
        "ulla",
        play("ulla", "Umbrella", "2026-02-03 20:00", 30),
        play("ulla", "Undertow", "2026-02-03 21:00", 20, content_type="film"),
    )
    yield
    yield
    lake.catalog("umbrella", entry("series", "2026-02-01"))
    yield


def test_a_show_of_another_content_type_moves_in_lists_of_weeks_long_past(told: Told) -> None:
    ranks = """
        select show_name, content_type, hours_rank from marts.rpt_weekly_top_shows
        where week_started_date = date '2026-02-02' order by all
    """
    assert told.at(2).ask(ranks) == [("Umbrella", "film", 1), ("Undertow", "film", 2)]
    assert told.at(3).ask(ranks) == [("Umbrella", "series", 1), ("Undertow", "film", 1)]


STORIES: Final[list[Story]] = [
    the_catalogue_lands_last,
    a_runtime_is_corrected,
    a_name_becomes_ambiguous_and_unambiguous,
    a_show_was_landed_under_a_wrong_id,
    a_spelling_loses_its_majority,
    an_event_says_what_the_catalogue_says_otherwise,
    a_runtime_is_known_only_of_some_episodes,
    a_film_was_a_series_all_along,
]


def test_chapter_by_chapter_equals_all_at_once(told: Told, at_once: Workshop) -> None:
    keys = told.workshop.project.keys
    assert_equal_marts(told.workshop.built(), at_once.built(), keys)
    assert_equal_marts(told.at(4), at_once.built(), keys)
