"""Who watches, how often, and who comes back."""

from typing import Final

import pyarrow as pa

from dashboard import reads
from dashboard.figures import Asked, sheet
from dashboard.reads import Sheet
from dashboard.state import View
from watchhouse.questions import PERIOD

WINDOWS: Final = ("Daily", "Weekly", "Monthly")
GROUPS: Final = ("New", "Returning", "Resurrecting", "Gone")
_LIFECYCLE: Final = """
    with counted as (
        select
            period_started_date,
            new_user_count as "New",
            returning_user_count as "Returning",
            resurrecting_user_count as "Resurrecting",
            -dormant_user_count as "Gone"
        from rpt_lifecycle
        where
            period = $period
            and is_complete_period
            and period_started_date >= $first
            and period_started_date < $end
    )

    select group_name, users, period_started_date
    from (
        unpivot counted on "New", "Returning", "Resurrecting", "Gone"
        into name group_name value users
    ) as found
    order by period_started_date, group_name
"""
_COHORTS: Final = """
    select
        strftime(cohort_started_date, '%-d %b %Y')
        || ' (' || format('{:,}', cohort_user_count) || ')' as cohort,
        interval_number,
        cohort_started_date,
        cohort_user_count,
        bounded_retention_rate as retention
    from rpt_retention_cohorts
    where
        period = $period
        and bounded_retention_rate is not null
        and cohort_user_count >= $smallest
        and interval_number between 1 and 12
        and cohort_started_date >= (
            select max(cohort_started_date) from rpt_retention_cohorts where period = $period
        ) - $reach
    order by cohort_started_date, interval_number
"""
_POWER: Final = """
    select active_day_count, user_count
    from rpt_power_user_curve
    where user_count >= $smallest
    order by active_day_count
"""
_SEGMENTS: Final = """
    select engagement_segment, sum(user_count)::bigint as user_count
    from rpt_engagement_segments
    where
        engagement_segment is not null
        and scored_date = (select max(scored_date) from rpt_engagement_segments)
    group by engagement_segment
    having sum(user_count) >= $smallest
    order by user_count desc
"""
_ACTIVE: Final = pa.schema(
    [(PERIOD, pa.date32()), ("window", pa.string()), ("users", pa.float64())]
)
_REACH: Final = {"week": 7 * 16, "month": 31 * 16}


def active(view: View) -> Sheet:
    """Return daily, weekly and monthly active users of each day, one row for each of them."""
    names = dict(zip(("dau", "wau", "mau"), WINDOWS, strict=True))
    found = sheet(view, Asked(tuple(names), grain="day", limit=10_000))
    rows = [
        {PERIOD: row[PERIOD], "window": window, "users": row[name]}
        for row in found.table.to_pylist()
        for name, window in names.items()
    ]
    return Sheet(pa.Table.from_pylist(rows, schema=_ACTIVE), found.notes)


def lifecycle(view: View, period: str) -> Sheet:
    """Return new, returning and resurrecting users, and below zero those who are gone."""
    reads.require("rpt_lifecycle")
    values = {"period": period, "first": view.first, "end": view.end}
    return Sheet(reads.read(_LIFECYCLE, values), _unfiltered(view))


def cohorts(view: View, period: str) -> Sheet:
    """Return how many of each cohort were there again, the latest sixteen of them."""
    reads.require("rpt_retention_cohorts")
    values = {"period": period, "smallest": view.smallest_group, "reach": _REACH[period]}
    return Sheet(reads.read(_COHORTS, values), _unfiltered(view))


def power_users(view: View) -> Sheet:
    """Return users by the number of days, of 28, on which they watched."""
    reads.require("rpt_power_user_curve")
    return Sheet(reads.read(_POWER, {"smallest": view.smallest_group}), _unfiltered(view))


def segments(view: View) -> Sheet:
    """Return users and their hours by segment of engagement."""
    reads.require("rpt_engagement_segments")
    return Sheet(reads.read(_SEGMENTS, {"smallest": view.smallest_group}), _unfiltered(view))


def _unfiltered(view: View) -> tuple[str, ...]:
    if not view.filters:
        return ()
    return (
        "Of all viewing: users are followed over time whatever they watch, so no filter applies.",
    )
