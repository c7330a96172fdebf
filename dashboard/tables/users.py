"""One user from near, by pseudonym."""

from typing import Any, Final

import pyarrow as pa

from dashboard import reads
from dashboard.definitions import unit
from dashboard.figures import Figure
from dashboard.formats import amount
from dashboard.reads import Sheet

_PROFILE: Final = """
    select
        users.engagement_segment, users.is_at_risk, users.is_dormant,
        users.first_activity_date, users.last_activity_date,
        users.hours_viewed, users.play_count as plays, users.session_count as sessions,
        users.active_day_count, users.l28, users.engagement_score,
        people.country, people.plan
    from rpt_users as users
    left join dim_users as people on users.user_id = people.user_id
    where users.user_id = $user
"""
_SHOWS: Final = """
    select
        show_name,
        sum(watched_microseconds)::double / 3600e6 as hours_viewed,
        count(*)::bigint as plays
    from fct_plays
    where user_id = $user
    group by show_id, show_name
    order by {measure} desc, show_name
    limit 10
"""
_DAYS: Final = """
    with watched as (
        select activity_date, watched_microseconds, play_count
        from fct_user_days
        where user_id = $user
    ), days as (
        select unnest(generate_series(min(activity_date), max(activity_date), interval 1 day))::date
            as activity_date
        from watched
    )

    select
        strftime(days.activity_date, '%Y-%m-%d') as day,
        coalesce(watched.watched_microseconds, 0)::double / 3600e6 as hours_viewed,
        coalesce(watched.play_count, 0)::bigint as plays
    from days
    left join watched on days.activity_date = watched.activity_date
    order by days.activity_date
"""
_HISTORY: Final = """
    select
        started_at, show_name, season, episode, watched_minutes, completion_rate, device, country
    from fct_plays
    where user_id = $user
    order by started_at desc, play_id desc
    limit 1000
"""
_FIGURES: Final = ("hours_viewed", "plays", "sessions", "l28", "engagement_score")


def profile(user: str) -> dict[str, Any] | None:
    """Return what is known of a user; None when nothing is."""
    reads.require("rpt_users")
    rows = reads.read(_PROFILE, {"user": user}).to_pylist()
    return rows[0] if rows else None


def figures(profile: dict[str, Any]) -> list[Figure]:
    """Return the figures of a profile."""
    return [Figure(name, amount(profile[name], unit(name))) for name in _FIGURES]


def shows(user: str, measure: str) -> Sheet:
    """Return the ten shows of which a user has most of the measure."""
    return _of(reads.read(_SHOWS.format(measure=measure), {"user": user}), "show_name", measure)


def by_day(user: str, measure: str) -> Sheet:
    """Return the measure of each day from the first to the last on which a user watched."""
    return _of(reads.read(_DAYS, {"user": user}), "day", measure)


def _of(rows: pa.Table, name: str, measure: str) -> Sheet:
    return Sheet(rows.select([name, measure]))


def history(user: str) -> Sheet:
    """Return the latest thousand plays of a user."""
    return Sheet(reads.read(_HISTORY, {"user": user}))
