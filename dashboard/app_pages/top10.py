"""The weekly lists, Monday to Sunday, of films and of series."""

from functools import partial

import streamlit as st

from dashboard import cells, charts, choices, frame, state
from dashboard.formats import week
from dashboard.measures import Measure
from dashboard.tables import top10

view = state.current()
page = frame.open_page(
    "Top 10",
    "The shows with most hours of each week, whatever days and filters are chosen",
    view,
    is_dated=False,
)

weeks = top10.weeks()
left, right = st.columns([2, 3])
monday = left.selectbox(
    "Week",
    tuple(weeks),
    index=top10.latest_whole(weeks),
    format_func=week,
    key="week",
    bind="query-params",
)
types = tuple(value for value in choices.values("content_type") if value is not None)
content_type = right.segmented_control(
    "List",
    types,
    default=types[0],
    format_func=str.capitalize,
    required=True,
    key="list",
    bind="query-params",
)
if not weeks[monday]:
    st.info("This week is not over in the data: its list will change.", icon=":material/schedule:")

page.table(
    f"{content_type.capitalize()}: {week(monday)}",
    partial(top10.ranking, monday, content_type, view.smallest_group),
    {
        "hours_rank": cells.number("hours_rank", title="Rank"),
        "movement": cells.text(
            "Move",
            "Places won or lost since the week before; new: never listed before.",
            width="small",
        ),
        "show_name": st.column_config.TextColumn("Show", width="large"),
        "hours_viewed": cells.bar("hours_viewed"),
        "views": cells.number("views"),
        "play_count": cells.number("plays"),
        "week_in_top_count": cells.number("weeks_in_top10", title="Weeks in list"),
    },
    metrics=("hours_rank",),
    empty="No show of this type was watched in the week.",
    height="content",
)
page.panel(
    "The way of the first six",
    partial(top10.ranks, monday, content_type),
    partial(
        charts.places,
        measure=Measure("hours_rank", "Rank", "rank"),
        time="week_started_date",
        series="show_name",
    ),
    metrics=("hours_rank",),
    about="Twelve weeks; weeks off the list are gaps.",
)
page.close()
