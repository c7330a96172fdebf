"""Shows side by side: a list to sort and search, and a few of them in one chart."""

from functools import partial

import streamlit as st

from dashboard import cells, charts, choices, frame, measures, state
from dashboard.tables import shows
from watchhouse.questions import PERIOD

view = state.current()
measure = measures.measure(view.measure)
page = frame.open_page("Shows", "Every show by its figures; choose a row to look at it", view)

names = choices.shows()
search = st.text_input(
    "Search", placeholder="Part of a name", key="q", bind="query-params", icon=":material/search:"
)
chosen = page.table(
    "List",
    partial(shows.listing, view, search),
    {
        "show_name": cells.text("Show", width="medium"),
        "content_type": cells.text("Type", width=60),
        "genres": cells.text("Genres", width=110),
        "hours_viewed": cells.number("hours_viewed", title="Hours"),
        "plays": cells.number("plays"),
        "change": cells.changed(view),
        "users": cells.number("users"),
        "completion_rate_by_plays": cells.number("completion_rate_by_plays", title="Completion"),
        "avg_view_duration": cells.number("avg_view_duration", title="Minutes a play"),
    },
    about="Click on a heading to sort by it. Point at it for its meaning.",
    empty=f"No show of these days and filters has “{search}” in its name." if search else "",
    height=430,
    on_select="rerun",
    selection_mode="single-row",
    key="list",
)
frame.link_to_show(chosen, names)
compared = st.multiselect(
    "Compare",
    tuple(names.values()),
    max_selections=shows.COMPARABLE,
    placeholder=f"Up to {shows.COMPARABLE} shows",
    key="shows",
    bind="query-params",
)
if compared:
    page.panel(
        f"{measure.label} of the shows compared",
        partial(shows.compared, view, choices.ids_of(names, compared)),
        partial(charts.lines, measure=measure, time=PERIOD, series="show_name"),
        metrics=(view.measure,),
    )
page.close()
