"""When people watch, and how many at once."""

from functools import partial

import streamlit as st

from dashboard import bars, cells, charts, frame, measures, state
from dashboard.measures import Measure
from dashboard.tables import platform

view = state.current()
measure = measures.measure(view.measure)
page = frame.open_page("When", "The hours people watch in, and how many watch at once", view)

page.panel(
    f"{measure.label} by hour and weekday",
    partial(platform.heat, view),
    partial(
        charts.grid,
        measure=measure,
        x="hour_local",
        y="weekday",
        x_title=f"Hour of the day, {view.clocks}",
        y_title="",
        y_order=platform.WEEKDAYS,
    ),
    metrics=(view.measure,),
    about="A play counts for the hour in which it started.",
)
left, right = st.columns([3, 2], gap="large")
with left:
    page.panel(
        "Most plays at once",
        partial(platform.peaks, view),
        partial(
            charts.trend,
            measure=Measure("peak_concurrency", "Plays at once", "plays"),
            time="activity_date",
        ),
        metrics=("peak_concurrency",),
    )
with right:
    page.panel(
        f"{measure.label} by part of the day",
        partial(platform.dayparts, view),
        partial(bars.ranked, measure=measure, name="daypart", title="Part of the day"),
        metrics=(view.measure,),
    )
page.table(
    "Peaks",
    partial(platform.highest, view),
    {
        "activity_date": st.column_config.DateColumn("Day", format="ddd D MMM YYYY"),
        "peak_at": st.column_config.DatetimeColumn("Peak at (UTC)", format="D MMM, HH:mm"),
        "peak_concurrency": cells.number("peak_concurrency"),
    },
    metrics=("peak_concurrency",),
    height="content",
)
page.close()
