"""What landed since the release: provisional, and refreshed by itself."""

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboard import bars, cells, frame, measures, specs, state, tail
from dashboard.formats import UNKNOWN, age, amount, moment
from watchhouse.errors import WatchhouseError

view = state.current()
frame.open_page(
    "Live", "What landed since the release, judged by the same rules", view, is_dated=False
)
st.badge("Provisional", icon=":material/hourglass_top:", color="orange")
st.caption(
    "Names are as received; days, filters and comparison do not apply. The next release replaces "
    "all of it."
)
windows = {
    "All since the release": None,
    "Last 5 minutes": 5,
    "Last 30 minutes": 30,
    "Last day": 1440,
}
window = st.segmented_control(
    "Plays that began",
    tuple(windows),
    default="All since the release",
    required=True,
    key="since",
    bind="query-params",
)


drawn = {
    "hours_viewed": measures.measure("hours_viewed"),
    "plays": measures.Measure("play_count", "Plays", "plays"),
}


@st.fragment(run_every=5)
def show_tail() -> None:
    """Read the tail and show it; again every five seconds."""
    now = datetime.now(UTC)
    try:
        found = tail.read(st.session_state["home"], now=now, minutes=windows[window])
    except WatchhouseError as error:
        st.info(str(error), icon=":material/info:")
        return
    figures = (
        ("Plays", found.play_count, "plays"),
        ("Hours viewed", found.hours_viewed, "hours"),
        ("Users", found.user_count, "users"),
        ("Events landed", found.landed_count, "rows"),
        ("Quarantined", found.quarantined_count, "rows"),
    )
    for place, (label, value, unit) in zip(st.columns(len(figures)), figures, strict=True):
        place.metric(label, amount(value, unit), border=True, help=tail.meaning(label))
    if found.latest_landed_at is None:
        st.info(
            f"Nothing has landed since release {found.release_id}. `make run` lands what comes, "
            "`make demo-stream` sends something.",
            icon=":material/info:",
        )
        return
    since = (now - found.latest_landed_at).total_seconds()
    st.caption(
        f"The latest batch landed {age(since)}. Read {moment(now, view.time_zone or 'UTC')}."
    )
    shows = tail.shows(found, view.smallest_group)
    if len(shows):
        st.subheader("Most watched", anchor=False)
        specs.show(
            partial(
                bars.ranked,
                measure=drawn[view.measure],
                name="show_name",
                title="Show as received",
            ),
            shows,
            title="Most watched",
        )
        shown, config = cells.fitted(
            shows,
            {
                "show_name": cells.text("Show as received"),
                "play_count": cells.number("plays"),
                "user_count": cells.number("users"),
                "hours_viewed": cells.number("hours_viewed"),
            },
        )
        st.dataframe(shown, column_config=config, hide_index=True, placeholder=UNKNOWN)
        frame.offer("Live", "Most watched", shows)


show_tail()
