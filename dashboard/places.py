"""Where a show stands in a weekly list."""

from typing import Final

PLACE: Final = """
    case
        when count(top10_rank) over (partition by week_started_date, content_type) > 0
            then top10_rank
        else hours_rank
    end
"""
"""By views; in a list of which no runtime is known by hours. Null for a show of unknown runtime
among others: it has no place there."""

NO_PLACE: Final = (
    "A show without a rank has no known runtime, so no views; it is listed for its hours."
)
"""Said beside a list that has such shows."""

AUDIENCES: Final = """(
    select show_id, max(user_count) >= $smallest as is_told
    from fct_show_days
    where show_id in (select show_id from rpt_weekly_top_shows)
    group by show_id
)"""
"""Whether a show of the lists had `smallest` users on any day: else its figures are not told."""
