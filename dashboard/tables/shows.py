"""Shows side by side, and one show from near."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from dashboard import reads
from dashboard.figures import Asked, by_period, sheet
from dashboard.formats import share_of
from dashboard.reads import Sheet
from dashboard.state import View
from watchhouse.questions import COMPARED

MOST: Final = 1000
"""Shows that the list holds; those with most of the measure."""
STAGES: Final = ("Starters", "Watchers", "Completers")
HORIZONS: Final[Mapping[str, str]] = {"Ever": "ever", "First 28 days": "28d", "First 7 days": "7d"}
"""Since when its audience is counted: from the release of the film or season, or ever."""
COMPARABLE: Final = 5
"""Shows that can be told apart in one chart."""
_SHOWS: Final = """
    select show_id, content_type, array_to_string(genres, ', ') as genres, released_on
    from dim_shows
"""
_MOST_WATCHED: Final = """
    select show_id
    from fct_show_days
    group by show_id
    order by sum(watched_microseconds) desc, show_id
    limit 1
"""
_RETENTION: Final = """
    select bucket, audience_watch_ratio, relative_retention, play_count, basis
    from rpt_retention_curves
    where show_id = $show and play_count >= $smallest
    order by bucket
"""
_DROP_OFFS: Final = """
    select drops.bucket, curves.audience_watch_ratio, -drops.drop as fall
    from rpt_retention_drop_offs as drops
    inner join rpt_retention_curves as curves
        on drops.show_id = curves.show_id and drops.bucket = curves.bucket
    where drops.show_id = $show and drops.play_count >= $smallest
    order by drops.drop_rank
"""
_FUNNEL: Final = """
    with counted as (
        select
            funnels.season,
            case
                when funnels.season is not null then 'Season ' || funnels.season
                when shows.content_type = 'film' then 'The film'
                else 'No season known'
            end as unit,
            funnels.starter_count as "Starters",
            funnels.watcher_count as "Watchers",
            funnels.completer_count as "Completers"
        from rpt_show_funnels as funnels
        inner join dim_shows as shows on funnels.show_id = shows.show_id
        where
            funnels.show_id = $show
            and funnels.horizon = $horizon
            and funnels.starter_count >= $smallest
    )

    select season, unit, stage, user_count
    from (
        unpivot counted on "Starters", "Watchers", "Completers"
        into name stage value user_count
    ) as found
    order by season nulls last, list_position($stages, stage)
"""
_SEASONS: Final = """
    select *
    from rpt_seasons
    where show_id = $show and starter_count >= $smallest
    order by season
"""
_AFFINITIES: Final = """
    select shows.show_name, pairs.lift, pairs.jaccard, pairs.shared_user_count
    from rpt_show_affinities as pairs
    inner join dim_shows as shows on pairs.other_show_id = shows.show_id
    where pairs.show_id = $show and pairs.shared_user_count >= $smallest
    order by pairs.lift desc, shows.show_name
    limit 10
"""


def most_watched() -> str:
    """Return the show with most hours of all days."""
    return str(reads.read(_MOST_WATCHED).to_pylist()[0]["show_id"])


def listing(view: View, search: str = "") -> Sheet:
    """Return shows with their figures, the change of the measure, and kind and genres."""
    metrics = ("hours_viewed", "plays", "users", "completion_rate_by_plays", "avg_view_duration")
    asked = Asked(
        metrics, ("show_name",), order=(f"-{view.measure}",), limit=MOST, is_compared=True
    )
    found = sheet(view, asked)
    table = found.table
    known = {row["show_id"]: row for row in reads.read(_SHOWS).to_pylist()}
    ids = table["show_id"].to_pylist()
    before = f"{COMPARED}{view.measure}"
    compared = table[before].to_pylist() if before in table.column_names else [None] * len(ids)
    changes = [
        share_of(now, then)
        for now, then in zip(table[view.measure].to_pylist(), compared, strict=True)
    ]
    table = table.append_column("change", pa.array(changes, pa.float64()))
    for name in ("content_type", "genres"):
        values = [known.get(show, {}).get(name) for show in ids]
        table = table.append_column(name, pa.array(values, pa.string()))
    if search.strip():
        matches = pc.match_substring(table["show_name"], search.strip(), ignore_case=True)
        table = table.filter(matches)
    return Sheet(table, found.notes)


def compared(view: View, show_ids: tuple[str, ...]) -> Sheet:
    """Return the measure of shows over time."""
    chosen = view.with_filters(show_id=show_ids)
    return by_period(chosen, view.measure, dimensions=("show_name",))


def over_time(view: View, show_id: str) -> Sheet:
    """Return the measure of one show over time, and of the days compared with."""
    return by_period(of_show(view, show_id), view.measure)


def of_show(view: View, show_id: str) -> View:
    """Return the view of one show."""
    return view.with_filters(show_id=(show_id,))


def by_dimension(view: View, show_id: str, dimension: str) -> Sheet:
    """Return the measure of one show by device or country; what is not known is said so."""
    asked = Asked((view.measure,), (dimension,), order=(f"-{view.measure}",), limit=12)
    return known(sheet(of_show(view, show_id), asked), dimension)


def episodes(view: View, show_id: str) -> Sheet:
    """Return the measure and users of the episodes of a show."""
    asked = Asked((view.measure, "users"), ("season", "episode"), limit=MOST)
    found = sheet(of_show(view, show_id), asked)
    table = found.table.filter(pc.is_valid(found.table["episode"]))
    names = [
        f"E{row['episode']}" if row["season"] is None else f"S{row['season']} E{row['episode']}"
        for row in table.to_pylist()
    ]
    return Sheet(table.append_column("name", pa.array(names, pa.string())), found.notes)


def retention(show_id: str, smallest: int) -> Sheet:
    """Return the share of plays that reach each hundredth of the runtime."""
    reads.require("rpt_retention_curves")
    return _of(_RETENTION, show_id, smallest)


def drop_offs(show_id: str, smallest: int) -> pa.Table:
    """Return the steepest falls of that curve."""
    reads.require("rpt_retention_drop_offs")
    return _of(_DROP_OFFS, show_id, smallest).table


def funnel(show_id: str, horizon: str, smallest: int) -> Sheet:
    """Return who started, watched and completed a film or each season, one row for each stage."""
    reads.require("rpt_show_funnels")
    return _of(_FUNNEL, show_id, smallest, horizon=horizon, stages=list(STAGES))


def seasons(show_id: str, smallest: int) -> Sheet:
    """Return how seasons were gone through."""
    reads.require("rpt_seasons")
    return _of(_SEASONS, show_id, smallest)


def affinities(show_id: str, smallest: int) -> Sheet:
    """Return shows that the users of this one watched more than others did."""
    reads.require("rpt_show_affinities")
    return _of(_AFFINITIES, show_id, smallest)


def known(found: Sheet, dimension: str) -> Sheet:
    """Return the same with a word for what is not known, so that a chart can name it."""
    values = found.table[dimension].to_pylist()
    named = pa.array(["Not known" if value is None else value for value in values], pa.string())
    place = found.table.column_names.index(dimension)
    return Sheet(found.table.set_column(place, dimension, named), found.notes)


def _of(sql: str, show_id: str, smallest: int, **more: Any) -> Sheet:  # noqa: ANN401
    return Sheet(reads.read(sql, {"show": show_id, "smallest": smallest, **more}))
