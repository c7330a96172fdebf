"""One user from near, where single users may be shown; each look is recorded."""

from dataclasses import replace
from functools import partial

import streamlit as st

from dashboard import bars, cells, frame, measures, people, state
from dashboard.formats import day
from dashboard.tables import users
from watchhouse.settings import load_settings

view = state.current()
page = frame.open_page(
    "User",
    "What one user watched, of all days",
    # Nothing of a user is held against another period.
    replace(view, compare=None),
    is_dated=False,
)
settings = load_settings()
if not settings.dashboard_users:
    st.info(
        "Single users are shown only where `WATCHHOUSE_DASHBOARD_USERS` is set.",
        icon=":material/lock:",
    )
    st.stop()

# Bound to no parameter: an address is kept and passed on, and identifiers are nobody else's.
identifier = st.text_input(
    "User",
    placeholder="The identifier that the user's events bear",
    help="Each look is recorded in `access/audit/` of the home, under the user's pseudonym.",
)
if not identifier.strip():
    st.stop()
user = people.look_up(settings, identifier)
profile = users.profile(user)
if profile is None:
    st.info("Nothing is known of such a user.", icon=":material/info:")
    st.stop()

first, last = profile["first_activity_date"], profile["last_activity_date"]
said = (
    ("Country", profile["country"]),
    ("Plan", profile["plan"]),
    ("Engagement", profile["engagement_segment"]),
    ("First play", first and day(first)),
    ("Last play", last and day(last)),
    ("At risk", "yes" if profile["is_at_risk"] else None),
    ("Dormant", "yes" if profile["is_dormant"] else None),
)
st.markdown(" ".join(f":gray-badge[{title}: {value}]" for title, value in said if value))
page.figures(users.figures(profile))
measure = measures.measure(view.measure)
left, right = st.columns(2, gap="large")
with left:
    page.panel(
        f"{measure.label} by day",
        partial(users.by_day, user, view.measure),
        partial(bars.columns, measure=measure, x="day", title="Day"),
        metrics=(view.measure,),
    )
with right:
    page.panel(
        "Most watched",
        partial(users.shows, user, view.measure),
        partial(bars.ranked, measure=measure, name="show_name", title="Show"),
        metrics=(view.measure,),
    )
page.table(
    "Plays",
    partial(users.history, user),
    {
        "started_at": cells.moment("Started"),
        "show_name": cells.text("Show", width="medium"),
        "season": cells.count("Season"),
        "episode": cells.count("Episode"),
        "watched_minutes": cells.number("watched_minutes", title="Minutes"),
        "completion_rate": st.column_config.NumberColumn("Share viewed", format="percent"),
        "device": cells.text("Device"),
        "country": cells.text("Country"),
    },
    about="The latest thousand.",
)
page.close()
