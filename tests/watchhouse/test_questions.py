"""Questions planned from the registry, asked of marts as their contracts promise them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from json import dumps, loads
from typing import Any, Final

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.watchhouse.conftest import insert
from watchhouse.errors import QuestionError
from watchhouse.metrics import Mart, load_marts, load_metrics
from watchhouse.questions import Question, ask, plan
from watchhouse.slices import dimensions_of

HOUR: Final = 3_600_000_000
MONDAY: Final = date(2026, 3, 2)
SIZES: Final = {
    "fct_plays": 600,
    "fct_user_days": 300,
    "fct_viewing_sessions": 300,
    "fct_show_days": 100,
    "fct_platform_days": 10,
    "fct_activity_days": 10,
    "rpt_weekly_top_shows": 5,
    "rpt_batch_reconciliation": 2,
}


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def play(user: str, show: str, number: int, hours: int, **more: Any) -> dict[str, Any]:
    return {
        "user_id": user,
        "show_id": show,
        "watched_microseconds": hours * HOUR,
        "started_date": day(number),
        "started_at": f"{day(number)} 23:30:00",
        **more,
    }


@pytest.fixture
def filled(marts: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Return marts of two weeks: film a by ann and bob, series b by ann, film c by nobody."""
    shows: list[dict[str, Any]] = [
        {"show_id": "a", "show_name": "Alpha", "genres": ["drama", "crime"]},
        {"show_id": "b", "show_name": "Alpha", "genres": ["drama"]},
        {"show_id": "c", "show_name": "Gamma", "genres": None},
    ]
    insert(marts, "dim_shows", shows)
    plays = [
        play("ann", "a", 0, 1, device="tv", season=1),
        play("bob", "a", 0, 2, device="phone", season=10),
        play("ann", "b", 1, 3, device="tv", season=2),
        play("ann", "a", 8, 4, device=None),
        play("ann", "c", 8, 5, device="tv"),
    ]
    insert(marts, "fct_plays", plays)
    for name, key in (("fct_show_days", "show_id"), ("fct_user_days", "user_id")):
        marts.execute(
            f"insert into {name} by name select {key}, count(*) as play_count, "
            + ("count(distinct user_id) as user_count, " if key == "show_id" else "")
            + "sum(watched_microseconds) as watched_microseconds, started_date as activity_date"
            f" from fct_plays group by {key}, started_date"
        )
    marts.execute(
        "insert into fct_platform_days by name select count(*) as play_count, count(distinct"
        " user_id) as user_count, sum(watched_microseconds) as watched_microseconds, started_date"
        " as activity_date from fct_plays group by started_date"
    )
    return marts


def rows(
    connection: duckdb.DuckDBPyConnection, sizes: Mapping[str, int] = SIZES, **parts: Any
) -> list[tuple[Any, ...]]:
    """Return the rows of the answer to a question."""
    table = ask(connection, Question(**parts), sizes).table
    return [tuple(row.values()) for row in table.to_pylist()]


def test_a_total_is_one_row_even_of_nothing(filled: duckdb.DuckDBPyConnection) -> None:
    assert rows(filled, metrics=("hours_viewed", "plays", "users")) == [(15.0, 5, 2)]
    nothing = rows(filled, metrics=("hours_viewed", "users"), from_date=day(400))
    assert nothing == [(None, 0)]


def test_the_range_holds_its_first_day_and_not_its_last(filled: duckdb.DuckDBPyConnection) -> None:
    asked = rows(filled, metrics=("plays",), grain="day", from_date=day(0), to_date=day(1))
    assert asked == [(day(0), 2)]
    assert rows(filled, metrics=("plays",), from_date=day(1)) == [(3,)]
    assert rows(filled, metrics=("plays",), to_date=day(1)) == [(2,)]


def test_weeks_begin_on_monday_and_months_on_the_first(filled: duckdb.DuckDBPyConnection) -> None:
    weeks = rows(filled, metrics=("hours_viewed",), grain="week")
    assert weeks == [(day(0), 6.0), (day(7), 9.0)]
    assert rows(filled, metrics=("plays",), grain="month") == [(date(2026, 3, 1), 5)]


def test_weeks_begin_on_the_day_that_those_of_the_release_do(
    filled: duckdb.DuckDBPyConnection,
) -> None:
    sunday = day(0) - timedelta(days=1)
    insert(filled, "rpt_lifecycle", [{"period": "week", "period_started_date": sunday}])
    insert(filled, "rpt_lifecycle", [{"period": "month", "period_started_date": day(3)}])
    weeks = rows(filled, metrics=("hours_viewed",), grain="week")
    assert weeks == [(sunday, 6.0), (day(6), 9.0)]


def test_metrics_of_several_marts_meet_in_one_row(filled: duckdb.DuckDBPyConnection) -> None:
    asked = rows(filled, metrics=("users", "hours_viewed"), dimensions=("show_id",), grain="week")
    assert asked == [
        (day(0), "a", 2, 3.0),
        (day(0), "b", 1, 3.0),
        (day(7), "a", 1, 4.0),
        (day(7), "c", 1, 5.0),
    ]
    made = plan(Question(metrics=("users", "hours_viewed"), dimensions=("show_id",)), SIZES)
    assert made.marts == {"users": "fct_plays", "hours_viewed": "fct_show_days"}


def test_what_is_not_known_is_a_value_of_its_own(filled: duckdb.DuckDBPyConnection) -> None:
    by_device = rows(filled, metrics=("users", "hours_viewed"), dimensions=("device",))
    assert by_device == [("phone", 1, 2.0), ("tv", 1, 9.0), (None, 1, 4.0)]
    parts: dict[str, Any] = {"metrics": ("hours_viewed",)}
    assert rows(filled, **parts, filters={"device": (None,)}) == [(4.0,)]
    assert rows(filled, **parts, filters={"device": (None, "phone")}) == [(6.0,)]


def test_filters_of_any_type_are_text_and_never_fail(filled: duckdb.DuckDBPyConnection) -> None:
    parts: dict[str, Any] = {"metrics": ("users",)}
    assert rows(filled, **parts, filters={"season": ("1", "10")}) == [(2,)]
    assert rows(filled, **parts, filters={"season": ("one",)}) == [(0,)]
    assert rows(filled, **parts, filters={"show_id": ("a", "b"), "device": ("tv",)}) == [(1,)]
    injected = "a') or true --"
    assert rows(filled, **parts, filters={"show_id": (injected,)}) == [(0,)]


def test_shows_of_one_name_stay_apart(filled: duckdb.DuckDBPyConnection) -> None:
    asked = rows(filled, metrics=("hours_viewed",), dimensions=("show_name",))
    assert asked == [("a", "Alpha", 7.0), ("b", "Alpha", 3.0), ("c", "Gamma", 5.0)]
    turned = rows(filled, metrics=("hours_viewed",), dimensions=("show_name", "show_id"))
    assert turned == [("Alpha", "a", 7.0), ("Alpha", "b", 3.0), ("Gamma", "c", 5.0)]
    named = rows(filled, metrics=("hours_viewed",), filters={"show_name": ("Alpha",)})
    assert named == [(10.0,)]


def test_a_show_counts_in_each_of_its_genres(filled: duckdb.DuckDBPyConnection) -> None:
    asked = rows(filled, metrics=("hours_viewed", "users"), dimensions=("genre",))
    assert asked == [("crime", 7.0, 2), ("drama", 10.0, 2), (None, 5.0, 1)]
    parts: dict[str, Any] = {"metrics": ("hours_viewed",)}
    # Of several genres once, when they are not told apart.
    assert rows(filled, **parts, filters={"genre": ("crime", "drama")}) == [(10.0,)]
    assert rows(filled, **parts, filters={"genre": (None,)}) == [(5.0,)]


def test_a_range_is_held_against_the_one_before_it(filled: duckdb.DuckDBPyConnection) -> None:
    parts: dict[str, Any] = {"metrics": ("hours_viewed",), "compare": "previous"}
    span: dict[str, Any] = {"from_date": day(7), "to_date": day(14)}
    assert rows(filled, **parts, **span) == [(9.0, 6.0)]
    by_day = rows(filled, **parts, **span, grain="day")
    assert by_day == [(day(7), None, 3.0), (day(8), 9.0, 3.0)]
    shows = rows(filled, **parts, **span, dimensions=("show_id",), order=("-hours_viewed",))
    assert shows == [("c", 5.0, None), ("a", 4.0, 3.0), ("b", None, 3.0)]


def test_a_year_is_52_weeks(filled: duckdb.DuckDBPyConnection) -> None:
    asked = rows(
        filled,
        metrics=("plays",),
        compare="year",
        grain="day",
        from_date=day(364),
        to_date=day(365),
    )
    assert asked == [(day(364), None, 2)]
    assert day(364).weekday() == day(0).weekday()


def test_rows_are_ordered_as_asked_with_null_last(filled: duckdb.DuckDBPyConnection) -> None:
    parts: dict[str, Any] = {"metrics": ("hours_viewed",), "dimensions": ("device",)}
    assert [row[0] for row in rows(filled, **parts, order=("device",))] == ["phone", "tv", None]
    assert [row[0] for row in rows(filled, **parts, order=("-device",))] == ["tv", "phone", None]
    by_hours = rows(filled, **parts, order=("-hours_viewed",))
    assert [row[1] for row in by_hours] == [9.0, 4.0, 2.0]


@pytest.mark.parametrize(
    "order",
    [(), ("-users",), ("hours_viewed", "-device"), ("-device",), ("-period_started_date",)],
)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_together_are_the_whole(
    filled: duckdb.DuckDBPyConnection, order: tuple[str, ...], limit: int
) -> None:
    whole = Question(
        metrics=("users", "hours_viewed"),
        dimensions=("device", "season", "show_name"),
        grain="week",
        order=order,
    )
    question = replace(whole, limit=limit)
    found: list[dict[str, Any]] = []
    while True:
        answer = ask(filled, question, SIZES)
        assert len(answer.table) <= limit
        found += answer.table.to_pylist()
        assert len(found) <= 5
        if answer.next_cursor is None:
            break
        question = replace(question, cursor=answer.next_cursor)
    assert found == ask(filled, whole, SIZES).table.to_pylist()


def test_a_cursor_is_of_one_question(filled: duckdb.DuckDBPyConnection) -> None:
    question = Question(metrics=("plays",), dimensions=("show_id",), limit=1)
    cursor = ask(filled, question, SIZES).next_cursor
    for other in (
        replace(question, dimensions=("show_name",)),
        replace(question, filters={"show_id": ("a",)}),
        replace(question, order=("-plays",)),
    ):
        with pytest.raises(QuestionError, match="cursor: is of another question"):
            ask(filled, replace(other, cursor=cursor), SIZES)


@given(st.one_of(st.text(), st.binary().map(lambda data: data.hex())))
@settings(max_examples=200)
def test_a_made_up_cursor_is_refused(text: str) -> None:
    question = Question(metrics=("plays",), dimensions=("show_id",), cursor=text)
    with pytest.raises(QuestionError, match="cursor: "):
        plan(question, SIZES)


def test_a_forged_cursor_of_other_types_is_refused(filled: duckdb.DuckDBPyConnection) -> None:
    by_season = Question(metrics=("users",), dimensions=("season",), limit=1)
    by_device = replace(by_season, dimensions=("device",))
    for question, value in (
        (by_season, "x"),
        (by_season, "9" * 40),
        (by_device, True),
        (by_device, 1.5),
        (by_device, [1]),
        (by_device, float("nan")),
        (by_device, 1 << 64),
        (by_device, "\0"),
        (by_device, "\ud800"),
    ):
        cursor = ask(filled, question, SIZES).next_cursor
        assert cursor is not None
        digest, _ = loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        forged = urlsafe_b64encode(dumps([digest, value]).encode()).decode()
        with pytest.raises(QuestionError, match="cursor: is not one that a page gave"):
            ask(filled, replace(question, cursor=forged), SIZES)


def test_the_smallest_mart_that_can_answer_is_read() -> None:
    question = Question(metrics=("hours_viewed",))
    for dimensions, mart in (
        ((), "fct_platform_days"),
        (("show_id",), "fct_show_days"),
        (("genre",), "fct_show_days"),
        (("device",), "fct_plays"),
        (("show_name", "device"), "fct_plays"),
    ):
        asked = replace(question, dimensions=dimensions)
        assert plan(asked, SIZES).marts == {"hours_viewed": mart}
    # What a release does not have is not read, and sizes are those of the release.
    assert plan(question, {"fct_user_days": 9}).marts == {"hours_viewed": "fct_user_days"}
    assert plan(question, {"fct_user_days": 9, "fct_show_days": 8}).marts == {
        "hours_viewed": "fct_show_days"
    }


def test_days_of_another_time_zone_come_from_moments(filled: duckdb.DuckDBPyConnection) -> None:
    # Every play starts at 23:30 UTC: in Berlin that is the next day.
    parts: dict[str, Any] = {"grain": "day", "from_date": day(0), "to_date": day(2)}
    hours = {"metrics": ("hours_viewed",), **parts}
    assert rows(filled, **hours) == [(day(0), 3.0), (day(1), 3.0)]
    assert rows(filled, **hours, time_zone="Europe/Berlin") == [(day(1), 3.0)]
    users = rows(filled, metrics=("users",), time_zone="Europe/Berlin", **parts)
    assert users == [(day(1), 2)]
    # Without days there is nothing to cut anew.
    assert rows(filled, metrics=("plays",), time_zone="Europe/Berlin") == [(5,)]
    with pytest.raises(QuestionError, match=r"^tz: dau is counted by days"):
        rows(filled, metrics=("dau",), time_zone="Europe/Berlin", **parts)


def test_few_users_have_no_figures(filled: duckdb.DuckDBPyConnection) -> None:
    question = Question(
        metrics=("hours_viewed", "users"), dimensions=("show_id",), smallest_group=2
    )
    answer = ask(filled, question, SIZES)
    assert answer.is_suppressed
    assert [tuple(row.values()) for row in answer.table.to_pylist()] == [
        ("a", 7.0, 2),
        ("b", None, None),
        ("c", None, None),
    ]
    assert not ask(filled, replace(question, smallest_group=0), SIZES).is_suppressed
    # Nor does their order say anything.
    ordered = ask(filled, replace(question, order=("hours_viewed",)), SIZES).table
    assert ordered["show_id"].to_pylist() == ["a", "b", "c"]
    assert ask(filled, replace(question, dimensions=(), smallest_group=3), SIZES).is_suppressed


def test_what_does_not_tell_its_users_is_hidden(filled: duckdb.DuckDBPyConnection) -> None:
    insert(filled, "rpt_weekly_top_shows", [{"show_id": "a", "hours_rank": 1}])
    question = Question(metrics=("hours_rank",), dimensions=("show_id",))
    assert ask(filled, question, SIZES).table["hours_rank"].to_pylist() == [1]
    hidden = ask(filled, replace(question, smallest_group=2), SIZES)
    assert hidden.table["hours_rank"].to_pylist() == [None]
    assert hidden.is_suppressed


def test_accounts_of_records_describe_no_users(filled: duckdb.DuckDBPyConnection) -> None:
    insert(filled, "rpt_batch_reconciliation", [{"source": "x", "conservation_gap": 0}])
    question = Question(metrics=("conservation_gap",), dimensions=("source",), smallest_group=5)
    assert rows(filled, **vars(question)) == [("x", 0)]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"metrics": ()}, "metrics: name at least one"),
        ({"metrics": ("hour_viewed",)}, "metrics: 'hour_viewed' .* did you mean hours_viewed"),
        ({"metrics": ("plays", "plays")}, "metrics: 'plays' is named 2 times"),
        ({"metrics": tuple("abcdefghijklmnopqrstu")}, "metrics: 21 are more than 20"),
        ({"dimensions": ("x; drop",)}, "dimensions: 'x; drop' is not known; There are: .*show_id"),
        ({"dimensions": ("device",)}, "dimensions: plays can be cut by genre, show_id, show_name"),
        (
            {"metrics": ("users",), "dimensions": ("batch_id",)},
            "dimensions: users can be cut by content_type, country, device",
        ),
        ({"metrics": ("sessions",), "dimensions": ("show_id",)}, "sessions cannot be cut"),
        ({"filters": {"device": ("tv",)}}, "filters: plays can be cut by"),
        ({"filters": {"show_id": ()}}, "filters: show_id: give 1 to 200 values"),
        ({"filters": {"nope": ("1",)}}, "filters: 'nope' is not known"),
        ({"grain": "hour"}, "grain: 'hour' is not known; There are: day, month, total, week"),
        (
            {"metrics": ("hours_rank",), "grain": "day"},
            "grain: hours_rank is there by total, week",
        ),
        ({"from_date": day(1), "to_date": day(1)}, "to: 2026-03-03 is not after from"),
        ({"compare": "previous", "from_date": day(1)}, "compare: needs from and to"),
        ({"compare": "week"}, "compare: 'week' is not known; There are: previous, year"),
        (
            {"compare": "year", "from_date": date.min, "to_date": day(1)},
            "compare: there are no days that far back",
        ),
        (
            {
                "metrics": ("hours_rank",),
                "compare": "previous",
                "from_date": day(0),
                "to_date": day(10),
            },
            "compare: hours_rank is of whole weeks",
        ),
        ({"order": ("-device",)}, "sort: '-device' is not, once, one of plays"),
        ({"order": ("plays", "-plays")}, "sort: '-plays' is not, once"),
        ({"limit": 0}, "limit: 0 is not between 1 and 10000"),
        ({"limit": 10_001}, "limit: 10001 is not between"),
    ],
)
def test_what_cannot_be_asked_is_named(parts: dict[str, Any], said: str) -> None:
    question = Question(**({"metrics": ("plays",)} | parts))
    with pytest.raises(QuestionError, match=said) as caught:
        plan(question, SIZES)
    assert str(caught.value).startswith(f"{caught.value.parameter}: ")


def test_what_a_release_does_not_hold_is_said() -> None:
    with pytest.raises(QuestionError, match=r"metrics: sessions: this release has no fct_viewing"):
        plan(Question(metrics=("sessions",)), {"fct_plays": 1})


def test_overlapping_values_are_never_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    overlapping = Mart(date_column=None, dimensions=("source",), overlapping=("source",))
    marts = dict(load_marts()) | {"rpt_batch_reconciliation": overlapping}
    monkeypatch.setattr("watchhouse.slices.load_marts", lambda: marts)
    question = Question(metrics=("conservation_gap",))
    for refused in (question, replace(question, filters={"source": ("a", "b")})):
        with pytest.raises(QuestionError, match="overlaps between values of source"):
            plan(refused, SIZES)
    plan(replace(question, dimensions=("source",), filters={"source": ("a", "b")}), SIZES)
    plan(replace(question, filters={"source": ("a",)}), SIZES)
    with pytest.raises(QuestionError, match=r"from: .* is of the state at the release"):
        plan(replace(question, dimensions=("source",), grain="day"), SIZES)


def test_every_metric_can_be_asked_by_each_of_its_dimensions(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """The SQL of every combination runs; ten users or none are the same to it."""
    sizes = dict.fromkeys(load_marts(), 1)
    for metric, smallest_group in product(load_metrics(), (0, 5)):
        for name in (metric.mart, *metric.also_in):
            mart = load_marts()[name]
            filters = dict.fromkeys(mart.overlapping, ("1",))
            is_dated = mart.date_column is not None
            question = Question(
                metrics=(metric.name,),
                grain=mart.period if is_dated else "total",
                filters=filters,
                smallest_group=smallest_group,
            )
            for dimension in dimensions_of(mart):
                answer = ask(marts, replace(question, dimensions=(dimension,)), sizes)
                assert answer.table.num_rows == 0, metric.name
            if is_dated:
                span = replace(question, from_date=day(0), to_date=day(7), compare="year")
                assert ask(marts, span, sizes).table.num_rows == 0
