"""When people watch, and how many at once."""

from typing import Final

from dashboard import reads
from dashboard.reads import Sheet
from dashboard.state import View

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HEAT: Final = """
    with hours as (
        select
            case
                when $zone is null then activity_date + to_hours(hour_local)
                else timezone($zone, timezone('UTC', started_hour_at))
            end as local_at,
            play_count,
            watched_microseconds
        from fct_platform_hours
        where activity_date between $first::date - 1 and $end::date
    )

    select
        list_extract($weekdays, isodow(local_at)) as weekday,
        hour(local_at) as hour_local,
        sum(play_count)::bigint as plays,
        sum(watched_microseconds)::double / 3600e6 as hours_viewed
    from hours
    where local_at >= $first::date and local_at < $end::date
    group by isodow(local_at), hour(local_at)
    order by isodow(local_at), hour(local_at)
"""
_DAYPARTS: Final = """
    select
        daypart,
        sum(play_count)::bigint as plays,
        sum(watched_microseconds)::double / 3600e6 as hours_viewed
    from fct_platform_hours
    where activity_date >= $first and activity_date < $end
    group by daypart
    order by min(hour_local)
"""
_PEAKS: Final = """
    select activity_date, peak_concurrency, peak_at
    from fct_concurrency_days
    where activity_date >= $first and activity_date < $end
    order by activity_date
"""
_HIGHEST: Final = """
    select activity_date, peak_at, peak_concurrency
    from fct_concurrency_days
    where activity_date >= $first and activity_date < $end
    order by peak_concurrency desc, activity_date
    limit 10
"""


def heat(view: View) -> Sheet:
    """Return the measure by weekday and hour, as clocks of the view's time zone show them."""
    reads.require("fct_platform_hours")
    values = {
        "zone": view.time_zone,
        "first": view.first,
        "end": view.end,
        "weekdays": list(WEEKDAYS),
    }
    return Sheet(reads.read(_HEAT, values), _unfiltered(view))


def dayparts(view: View) -> Sheet:
    """Return the measure by part of the day, in the reporting time zone."""
    reads.require("fct_platform_hours")
    return Sheet(reads.read(_DAYPARTS, {"first": view.first, "end": view.end}), _unfiltered(view))


def peaks(view: View) -> Sheet:
    """Return the most plays at once of each day, and when."""
    reads.require("fct_concurrency_days")
    return Sheet(reads.read(_PEAKS, {"first": view.first, "end": view.end}), _unfiltered(view))


def highest(view: View) -> Sheet:
    """Return the ten days with most plays at once, the highest first."""
    reads.require("fct_concurrency_days")
    return Sheet(reads.read(_HIGHEST, {"first": view.first, "end": view.end}), _unfiltered(view))


def _unfiltered(view: View) -> tuple[str, ...]:
    return ("Of all viewing: hours are not kept by filter.",) if view.filters else ()
