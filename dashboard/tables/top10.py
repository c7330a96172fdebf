"""The weekly lists."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from dashboard import reads
from dashboard.reads import Sheet

_WEEKS: Final = """
    select distinct week_started_date, is_complete_week
    from rpt_weekly_top_shows
    order by week_started_date desc
"""
_LIST: Final = """
    select
        listed.* exclude (is_complete_week),
        case
            when before.hours_rank is null then 'new'
            when before.hours_rank > listed.hours_rank
                then '▲ ' || (before.hours_rank - listed.hours_rank)
            when before.hours_rank < listed.hours_rank
                then '▼ ' || (listed.hours_rank - before.hours_rank)
            else '='
        end as movement
    from rpt_weekly_top_shows as listed
    left join rpt_weekly_top_shows as before
        on
            listed.show_id = before.show_id
            and listed.content_type = before.content_type
            and listed.week_started_date = before.week_started_date + 7
    where listed.week_started_date = $week and listed.content_type = $content_type
    order by listed.hours_rank, listed.show_name
"""
_RANKS: Final = """
    select ranked.show_name, ranked.hours_rank, ranked.week_started_date
    from rpt_weekly_top_shows as ranked
    where
        ranked.content_type = $content_type
        and ranked.week_started_date between $week - 77 and $week
        and ranked.show_id in (
            select show_id from rpt_weekly_top_shows
            where week_started_date = $week and content_type = $content_type and hours_rank <= 6
        )
    order by ranked.week_started_date, ranked.hours_rank
"""


def weeks() -> dict[date, bool]:
    """Return the weeks that have a list, the latest first, and whether each is over."""
    return {
        row["week_started_date"]: row["is_complete_week"] for row in reads.read(_WEEKS).to_pylist()
    }


def latest_whole(weeks: Mapping[date, bool]) -> int:
    """Return the place of the latest week that is over, or of the latest at all."""
    return next((place for place, is_over in enumerate(weeks.values()) if is_over), 0)


def ranking(week: date, content_type: str) -> Sheet:
    """Return one list; `movement` says the places won or lost since the week before."""
    return Sheet(reads.read(_LIST, {"week": week, "content_type": content_type}))


def ranks(week: date, content_type: str) -> Sheet:
    """Return where the first six of a week stood in the twelve weeks up to it."""
    return Sheet(reads.read(_RANKS, {"week": week, "content_type": content_type}))
