"""The first things to know about a release, as text of at most 80 columns."""

from typing import Any, Final

import duckdb
from rich.cells import cell_len, set_cell_size

_TOP_SHOWS: Final = """
    select
        shows.show_name,
        coalesce(shows.content_type, '-') as content_type,
        sum(days.hours_viewed) as hours_viewed,
        sum(days.play_count) as play_count,
        sum(days.complete_play_count) / nullif(sum(days.known_runtime_play_count), 0) as completion
    from fct_show_days as days
    join dim_shows as shows on days.show_id = shows.show_id
    group by shows.show_id, shows.show_name, shows.content_type
    order by sum(days.watched_microseconds) desc, shows.show_name
    limit 10
"""
_VIEWING: Final = """
    select
        count(*) as session_count,
        count(*) filter (where is_binge_session) as binge_count,
        count(distinct user_id) as user_count,
        coalesce(sum(play_count), 0) as play_count,
        coalesce(sum(watched_microseconds), 0) / 3.6e9 as hours_viewed,
        coalesce(median(watched_minutes), 0) as median_minutes,
        min(started_date) as first_date,
        max(started_date) as last_date
    from fct_viewing_sessions
"""
_RECONCILIATION: Final = """
    select
        coalesce(sum(read_count), 0),
        coalesce(sum(landed_count), 0),
        coalesce(sum(rejected_count), 0),
        coalesce(sum(valid_count), 0),
        coalesce(sum(quarantined_count), 0),
        coalesce(sum(duplicate_count), 0)
    from rpt_batch_reconciliation
    where stream = 'watch_events' and status = 'current'
"""
_NAME_WIDTH: Final = 31


def results(release: duckdb.DuckDBPyConnection) -> list[str]:
    """Return lines about the shows, sessions and records of a release; `release` is a cursor."""
    viewing = _row(release, _VIEWING)
    if not viewing["session_count"]:
        return ["The release holds no plays.", *_reconciliation(release)]
    return [
        *_top_shows(release, f"{viewing['first_date']} to {viewing['last_date']}"),
        "",
        *_viewing(viewing),
        "",
        *_reconciliation(release),
    ]


def _top_shows(release: duckdb.DuckDBPyConnection, period: str) -> list[str]:
    shown = _cells("Top shows, " + period, _NAME_WIDTH + 4)
    lines = [
        f"{shown}  {'kind':<8} {'hours':>9} {'plays':>9} {'complete':>9}",
        "-" * 75,
    ]
    for rank, (name, kind, hours, plays, completion) in enumerate(
        release.execute(_TOP_SHOWS).fetchall(), start=1
    ):
        share = "-" if completion is None else f"{completion:.0%}"
        lines.append(
            f"{rank:>2}  {_cells(name, _NAME_WIDTH)}  {_cells(kind, 8)} {hours:>9,.0f} "
            f"{plays:>9,} {share:>9}"
        )
    return lines


def _viewing(viewing: dict[str, Any]) -> list[str]:
    hours, plays, users = viewing["hours_viewed"], viewing["play_count"], viewing["user_count"]
    sessions, binges = viewing["session_count"], viewing["binge_count"]
    median = viewing["median_minutes"]
    return [
        f"Viewing    {hours:,.0f} hours in {plays:,} plays of {users:,} users",
        f"Sessions   {sessions:,}, half of them longer than {median:.0f} minutes",
        f"Binges     {binges:,} sessions: {binges / sessions:.1%}",
    ]


def _reconciliation(release: duckdb.DuckDBPyConnection) -> list[str]:
    row = release.execute(_RECONCILIATION).fetchone() or (0,) * 6
    read, landed, rejected, valid, quarantined, duplicates = (f"{count:,}" for count in row)
    width = max(len(read), len(landed))
    fates = f"valid {valid} + quarantined {quarantined} + duplicates {duplicates}"
    return [
        f"Read       {read:>{width}} = landed {landed} + rejected {rejected}",
        f"Landed     {landed:>{width}} = {fates}",
    ]


def _cells(text: str, width: int) -> str:
    """Pad or cut to a number of terminal columns."""
    if cell_len(text) > width:
        text = set_cell_size(text, width - 3).rstrip() + "..."
    return set_cell_size(text, width)


def _row(release: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    release.execute(query)
    names = [column[0] for column in release.description or []]
    return dict(zip(names, release.fetchone() or (), strict=True))
