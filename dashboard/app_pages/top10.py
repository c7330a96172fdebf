"""The weekly lists of films and of series."""

from functools import partial

import streamlit as st

from dashboard import cells, charts, choices, frame, state
from dashboard.formats import week
from dashboard.measures import Measure
from dashboard.tables import top10

view = state.current()
page = frame.open_page(
    "Top 10",
    "The shows with most views of each week, whatever days and filters are chosen",
    view,
    is_dated=False,
)

weeks = top10.weeks()
left, right = st.columns([2, 3])
first_day = left.selectbox(
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
if not weeks[first_day]:
    st.info("This week is not over in the data: its list will change.", icon=":material/schedule:")

page.table(
    f"{content_type.capitalize()}: {week(first_day)}",
    partial(top10.ranking, first_day, content_type, view.smallest_group),
    {
        "place": cells.number("top10_rank", title="Rank"),
        "movement": cells.text(
            "Move",
            "Places won or lost since the week before; new: never listed before.",
            width="small",
        ),
        "show_name": st.column_config.TextColumn("Show", width="medium"),
        "views": cells.number("views"),
        "hours_viewed": cells.bar("hours_viewed"),
        "hours_rank": cells.number("hours_rank", title="By hours"),
        "play_count": cells.number("plays"),
        "week_in_top_count": cells.number("weeks_in_top10", title="Weeks in list"),
    },
    metrics=("top10_rank", "hours_rank"),
    empty="No show of this type was watched in the week.",
    height="content",
)
page.panel(
    "The way of the first six",
    partial(top10.ranks, first_day, content_type),
    partial(
        charts.places,
        measure=Measure("place", "Rank", "rank"),
        time="week_started_date",
        series="show_name",
    ),
    metrics=("top10_rank",),
    about="Twelve weeks; weeks off the list are gaps.",
)
page.close()
