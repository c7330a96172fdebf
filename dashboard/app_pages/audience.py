"""Who watches, how often, and who comes back."""

from functools import partial

import streamlit as st

from dashboard import bars, charts, frame, state
from dashboard.figures import figures
from dashboard.measures import Measure
from dashboard.tables import audience
from watchhouse.questions import PERIOD

view = state.current()
users = Measure("users", "Users", "users")
page = frame.open_page("Audience", "Who watches, how often, and who comes back", view)

top = page.reserve()
page.panel(
    "Active users",
    partial(audience.active, view),
    partial(charts.lines, measure=users, time=PERIOD, series="window", order=audience.WINDOWS),
    metrics=("dau", "wau", "mau"),
)
with top:
    page.figures(figures(view, ("dau", "wau", "mau", "stickiness", "sessions_per_user")))

period = st.segmented_control(
    "Periods",
    ("day", "week", "month"),
    default="week",
    format_func=str.capitalize,
    required=True,
    key="period",
    bind="query-params",
)
left, right = st.columns(2, gap="large")
with left:
    page.panel(
        "Come and gone",
        partial(audience.lifecycle, view, period),
        partial(
            bars.stacked,
            measure=users,
            time="period_started_date",
            series="group_name",
            order=audience.GROUPS,
            unit=period,
        ),
        metrics=("new_users", "returning_users", "resurrecting_users", "dormant_users"),
        empty=f"None of these days belongs to a {period} that is over.",
    )
with right:
    page.panel(
        "Power users",
        partial(audience.power_users, view),
        partial(
            bars.columns,
            measure=Measure("user_count", "Users", "users"),
            x="active_day_count",
            title="Days of the last 28 on which they watched",
        ),
        metrics=("l28", "power_users"),
    )

left, right = st.columns([3, 2], gap="large")
with left:
    page.panel(
        "Who comes back",
        partial(audience.cohorts, view, period),
        partial(
            charts.grid,
            measure=Measure("retention", "Share of the cohort", "share"),
            x="interval_number",
            y="cohort",
            x_title=f"{'Months' if period == 'month' else 'Weeks'} later",
            y_title="First watched in",
            has_numbers=True,
        ),
        metrics=("bounded_retention",),
        about="Users by the period in which they first watched, and the share that watched again.",
        empty="No cohort is old enough to have come back.",
    )
with right:
    page.panel(
        "Segments",
        partial(audience.segments, view),
        partial(
            bars.ranked,
            measure=Measure("user_count", "Users", "users"),
            name="engagement_segment",
            title="Segment",
        ),
        metrics=("engagement_score",),
    )
page.close()
