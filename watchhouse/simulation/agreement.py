"""Holds a release against the truth of the simulation that its events came from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import duckdb

_COUNTS: Final = """
    select
        reconciled.*,
        plays.*,
        sessions.*,
        (select count(*) from fct_user_days) as user_days
    from (
        select
            sum(read_count) as records,
            sum(rejected_count) as rejected,
            sum(landed_count) as landed,
            sum(valid_count) as valid,
            sum(quarantined_count) as quarantined,
            sum(duplicate_count) as duplicates
        from rpt_batch_reconciliation
        where stream = 'watch_events' and status = 'current'
    ) as reconciled
    cross join (
        select
            count(*) as plays,
            count(*) filter (where runtime_minutes > 0) as plays_with_known_runtime,
            count(*) filter (where is_complete_play) as complete_plays,
            count(distinct user_id) as distinct_users,
            count(distinct show_id) as distinct_shows,
            sum(watched_microseconds) as watched_microseconds,
            min(started_at) as first_started_at,
            max(started_at) as last_started_at
        from fct_plays
    ) as plays
    cross join (
        select
            count(*) as sessions,
            count(*) filter (where is_binge_session) as binge_sessions
        from fct_viewing_sessions
    ) as sessions
"""
_REASONS: Final = """
    select reason_code, count(*)
    from (
        select unnest(reason_codes) as reason_code
        from fct_quarantined_events
        where stream = 'watch_events' and is_rejected = ?
    )
    group by reason_code
    order by reason_code
"""
_TOP_SHOWS: Final = """
    select shows.show_name, sum(days.watched_microseconds) as watched_microseconds
    from fct_show_days as days
    join dim_shows as shows on days.show_id = shows.show_id
    group by shows.show_id, shows.show_name
    order by watched_microseconds desc, shows.show_name
    limit 10
"""
_PLAYS_BY_DAY: Final = """
    select activity_date, sum(play_count) from fct_show_days group by activity_date
"""


@dataclass(frozen=True)
class Figure:
    """One figure, by its name in `truth.json`, as the simulator and as the release have it."""

    name: str
    expected: Any
    found: Any

    @property
    def agrees(self) -> bool:
        """Whether both are the same, exactly."""
        return bool(self.expected == self.found)

    def __str__(self) -> str:
        """Return both values on one line."""
        expected, found = json.dumps(self.expected), json.dumps(self.found)
        return f"{self.name}: the simulator wrote {expected}, the release holds {found}"


def compare(release: duckdb.DuckDBPyConnection, truth: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Compare a release that holds nothing but one simulation with its truth.

    `release` is a cursor on the marts, `truth` the content of `truth.json`. Every figure that the
    marts can answer is compared, none rounded.
    """
    release.execute(_COUNTS)
    names = [column[0] for column in release.description or []]
    found = {
        name: _plain(value) for name, value in zip(names, release.fetchone() or (), strict=True)
    }
    found["rejected_by_reason"] = dict(release.execute(_REASONS, [True]).fetchall())
    found["quarantined_by_reason"] = dict(release.execute(_REASONS, [False]).fetchall())
    found["plays_by_day"] = {
        day.isoformat(): int(count) for day, count in release.execute(_PLAYS_BY_DAY).fetchall()
    }
    found["top_shows"] = [
        [name, int(microseconds)] for name, microseconds in release.execute(_TOP_SHOWS).fetchall()
    ]
    expected = {
        **truth,
        "top_shows": [
            [show["show_name"], show["watched_microseconds"]] for show in truth["top_shows"]
        ],
    }
    return tuple(Figure(name, expected[name], value) for name, value in found.items())


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a database holds
    """Return a value as `truth.json` writes it; a sum over no rows is zero."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return 0 if value is None else int(value)
