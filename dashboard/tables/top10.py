"""The weekly lists."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from dashboard import reads
from dashboard.places import AUDIENCES, NO_PLACE, PLACE
from dashboard.reads import Sheet

_WEEKS: Final = """
    select distinct week_started_date, is_complete_week
    from rpt_weekly_top_shows
    order by week_started_date desc
"""
_PLACED: Final = f"""
    with placed as (
        select *, {PLACE} as place from rpt_weekly_top_shows where content_type = $content_type
    )
"""  # noqa: S608 - names of our own
_LIST: Final = f"""
    {_PLACED}
    select
        listed.place,
        listed.hours_rank,
        listed.show_name,
        case when audiences.is_told then listed.hours_viewed end as hours_viewed,
        case when audiences.is_told then listed.views end as views,
        case when audiences.is_told then listed.play_count end as play_count,
        listed.week_in_top_count,
        case
            when before.show_id is null and listed.week_in_top_count > 1 then 'back'
            when before.show_id is null then 'new'
            when before.place > listed.place then '▲ ' || (before.place - listed.place)
            when before.place < listed.place then '▼ ' || (listed.place - before.place)
            when before.place = listed.place then '='
        end as movement
    from placed as listed
    left join placed as before
        on
            listed.show_id = before.show_id
            and listed.week_started_date = before.week_started_date + 7
    left join {AUDIENCES} as audiences on listed.show_id = audiences.show_id
    where listed.week_started_date = $week
    order by listed.place, listed.hours_rank, listed.show_name
"""  # noqa: S608 - names of our own
_RANKS: Final = f"""
    {_PLACED}
    select show_name, place, week_started_date
    from placed
    where
        week_started_date between $week - 77 and $week
        and show_id in (select show_id from placed where week_started_date = $week and place <= 6)
    order by week_started_date, place
"""  # noqa: S608 - names of our own


def weeks() -> dict[date, bool]:
    """Return the weeks that have a list, the latest first, and whether each is over."""
    return {
        row["week_started_date"]: row["is_complete_week"] for row in reads.read(_WEEKS).to_pylist()
    }


def latest_whole(weeks: Mapping[date, bool]) -> int:
    """Return the place of the latest week that is over, or of the latest at all."""
    return next((place for place, is_over in enumerate(weeks.values()) if is_over), 0)


def ranking(week: date, content_type: str, smallest: int) -> Sheet:
    """Return one list; `movement` says the places won or lost since the week before.

    A show that on no day had `smallest` users keeps its place and has no figures.
    """
    values = {"week": week, "content_type": content_type, "smallest": smallest}
    table = reads.read(_LIST, values)
    notes = []
    if table["place"].null_count:
        notes.append(NO_PLACE)
    if table["hours_viewed"].null_count:
        notes.append(f"Figures of fewer than {smallest} users are left out.")
    return Sheet(table, tuple(notes))


def ranks(week: date, content_type: str) -> Sheet:
    """Return where the first six of a week stood in the twelve weeks up to it."""
    return Sheet(reads.read(_RANKS, {"week": week, "content_type": content_type}))
