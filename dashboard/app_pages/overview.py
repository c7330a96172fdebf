"""What was watched, by how many, and what moved."""

from functools import partial

import streamlit as st

from dashboard import bars, charts, frame, measures, state
from dashboard.figures import figures
from dashboard.tables import viewing
from watchhouse.questions import COMPARED, PERIOD

view = state.current()
measure = measures.measure(view.measure)
page = frame.open_page("Overview", "What was watched, by how many, and what moved", view)

top = page.reserve()
left, right = st.columns([3, 2], gap="large")
with left:
    page.panel(
        f"{measure.label} over time",
        partial(viewing.over_time, view),
        partial(charts.trend, measure=measure, time=PERIOD, compared=f"{COMPARED}{measure.column}"),
        metrics=(view.measure,),
    )
with right:
    page.panel(
        "Top shows",
        partial(viewing.top_shows, view),
        partial(bars.ranked, measure=measure, name="show_name", title="Show"),
        metrics=(view.measure,),
    )
with top:
    page.figures(
        figures(view, ("hours_viewed", "plays", "users", "completion_rate_by_plays", "binge_share"))
    )
page.close()
