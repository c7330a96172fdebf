"""A release that differs from the truth in any figure is caught by that figure."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from watchhouse.simulation.agreement import compare

_RELEASE = """
    create table rpt_batch_reconciliation as
    select
        'watch_events' as stream, 'current' as status, 6 as read_count, 1 as rejected_count,
        5 as landed_count, 2 as valid_count, 2 as quarantined_count, 1 as duplicate_count
    union all select 'catalog', 'current', 100, 0, 100, 100, 0, 0
    union all select 'watch_events', 'superseded', 100, 0, 100, 0, 0, 0;
    create table fct_plays as
    select
        'u1' as user_id, 's1' as show_id, 60000000 as watched_microseconds,
        10.0 as runtime_minutes, false as is_complete_play,
        timestamp '2026-01-05 10:00:00' as started_at
    union all select 'u1', 's2', 120000000, null, null, timestamp '2026-01-06 10:00:00';
    create table fct_viewing_sessions as
    select true as is_binge_session union all select false;
    create table fct_user_days as select * from (values (1), (2));
    create table fct_quarantined_events as
    select
        'watch_events' as stream, false as is_rejected, ['a', 'b'] as reason_codes
    union all select 'watch_events', false, ['a']
    union all select 'watch_events', true, ['c']
    union all select 'users', false, ['d'];
    create table dim_shows as
    select 's1' as show_id, 'Alpha' as show_name union all select 's2', 'Beta';
    create table fct_show_days as
    select
        's1' as show_id, date '2026-01-05' as activity_date, 1 as play_count,
        60000000 as watched_microseconds
    union all select 's2', date '2026-01-06', 1, 120000000;
"""
_TRUTH: dict[str, Any] = {
    "records": 6,
    "rejected": 1,
    "landed": 5,
    "valid": 2,
    "quarantined": 2,
    "duplicates": 1,
    "plays": 2,
    "plays_with_known_runtime": 1,
    "complete_plays": 0,
    "distinct_users": 1,
    "distinct_shows": 2,
    "watched_microseconds": 180_000_000,
    "first_started_at": "2026-01-05T10:00:00Z",
    "last_started_at": "2026-01-06T10:00:00Z",
    "sessions": 2,
    "binge_sessions": 1,
    "user_days": 2,
    "rejected_by_reason": {"c": 1},
    "quarantined_by_reason": {"a": 2, "b": 1},
    "plays_by_day": {"2026-01-05": 1, "2026-01-06": 1},
    "top_shows": [
        {"show_name": "Beta", "watched_microseconds": 120_000_000},
        {"show_name": "Alpha", "watched_microseconds": 60_000_000},
    ],
}
_WRONG: dict[str, Any] = {
    "first_started_at": "2026-01-04T10:00:00Z",
    "last_started_at": "2026-01-07T10:00:00Z",
    "rejected_by_reason": {"c": 1, "d": 1},
    "quarantined_by_reason": {"a": 2},
    "plays_by_day": {"2026-01-05": 2},
    "top_shows": _TRUTH["top_shows"][:1],
}


@pytest.fixture
def release() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(_RELEASE)
        yield connection


def test_a_release_of_the_simulation_agrees(release: duckdb.DuckDBPyConnection) -> None:
    figures = compare(release, _TRUTH)

    assert {figure.name for figure in figures} == set(_TRUTH)
    assert [str(figure) for figure in figures if not figure.agrees] == []


@pytest.mark.parametrize("name", _TRUTH)
def test_each_figure_is_compared(release: duckdb.DuckDBPyConnection, name: str) -> None:
    wrong = _WRONG[name] if name in _WRONG else _TRUTH[name] + 1

    figures = compare(release, {**_TRUTH, name: wrong})

    assert [figure.name for figure in figures if not figure.agrees] == [name]


def test_a_release_without_plays_has_zeros(release: duckdb.DuckDBPyConnection) -> None:
    release.execute("delete from fct_plays; delete from rpt_batch_reconciliation")

    found = {figure.name: figure.found for figure in compare(release, _TRUTH)}

    assert found["plays"] == found["watched_microseconds"] == found["landed"] == 0
