"""One show from near: how it runs, where it is left, and by whom it is watched."""

from functools import partial

import streamlit as st

from dashboard import bars, cells, charts, choices, frame, measures, state
from dashboard.figures import figures
from dashboard.measures import Measure
from dashboard.tables import shows
from watchhouse.questions import COMPARED, PERIOD

view = state.current()
measure = measures.measure(view.measure)
page = frame.open_page("Show", "How one show runs, where it is left, and who watches it", view)

names = choices.shows()
state.begin_with("show", names.get(shows.most_watched(), ""))
name = st.selectbox("Show", tuple(names.values()), key="show", bind="query-params")
(show,) = choices.ids_of(names, [name])
of_show = shows.of_show(view, show)
smallest = view.smallest_group

top = page.reserve()
page.panel(
    f"{measure.label} over time",
    partial(shows.over_time, view, show),
    partial(charts.trend, measure=measure, time=PERIOD, compared=f"{COMPARED}{measure.column}"),
    metrics=(view.measure,),
)
with top:
    page.figures(
        figures(
            of_show,
            ("hours_viewed", "plays", "users", "completion_rate_by_plays", "avg_view_duration"),
        )
    )

left, right = st.columns(2, gap="large")
with left:
    page.panel(
        "Retention",
        partial(shows.retention, show, smallest),
        partial(
            charts.curve,
            measure=Measure("audience_watch_ratio", "Plays still watching", "share"),
            x="bucket",
            title="Part of the runtime",
            marks=partial(shows.drop_offs, show, smallest),
        ),
        metrics=("audience_watch_ratio", "drop_off_points"),
        about="Of all days. The dots are the three steepest falls.",
        empty="The runtime of this show is not known, or too few plays of it are.",
    )
with right:
    page.panel(
        "Devices",
        partial(shows.by_dimension, view, show, "device"),
        partial(bars.ranked, measure=measure, name="device", title="Device"),
        metrics=(view.measure,),
    )

left, right = st.columns(2, gap="large")
with left:
    page.panel(
        "Episodes",
        partial(shows.episodes, view, show),
        partial(
            bars.columns,
            measure=measure,
            x="name",
            title="Season and episode",
        ),
        metrics=(view.measure,),
        empty="No play of these days says which episode it was of.",
    )
with right:
    page.panel(
        "Countries",
        partial(shows.by_dimension, view, show, "country"),
        partial(bars.ranked, measure=measure, name="country", title="Country"),
        metrics=(view.measure,),
    )

within = st.segmented_control(
    "Audience of",
    tuple(shows.HORIZONS),
    default="Ever",
    required=True,
    key="within",
    bind="query-params",
    help="The days from the release of the film or season on, or all days.",
)
page.panel(
    "From starters to completers",
    partial(shows.funnel, show, shows.HORIZONS[within], smallest),
    partial(
        bars.grouped,
        measure=Measure("user_count", "Users", "users"),
        y="unit",
        series="stage",
        order=shows.STAGES,
    ),
    metrics=("starters", "watchers", "completers"),
    about="Filters do not apply.",
    empty=(
        "Too few users have started it."
        if within == "Ever"
        else f"Not known: its release is not, or is before the first play; or the {within.lower()} "
        "are not over; or too few users started it in them."
    ),
    needs=("rpt_show_funnels",),
)
page.table(
    "Seasons",
    partial(shows.seasons, show, smallest),
    {
        "season": st.column_config.NumberColumn("Season", format="%d"),
        "episode_count": st.column_config.NumberColumn("Episodes", format="%d"),
        "starter_count": cells.count("Started"),
        "completer_count": cells.count("Completed"),
        "median_days_to_complete": cells.number("days_to_complete_season"),
        "binge_scale": cells.number("binge_scale"),
        "binge_pace": st.column_config.TextColumn("Pace"),
        "season_binge_share": cells.number("is_season_binge"),
        "hooked_episode": cells.number("hooked_episode"),
    },
    about="Of all days.",
    empty="No season of this show is known.",
    needs=("rpt_seasons",),
)
page.table(
    "Who watched this also watched",
    partial(shows.affinities, show, smallest),
    {
        "show_name": st.column_config.TextColumn("Show", width="large"),
        "lift": cells.number("co_watch_lift"),
        "jaccard": cells.number("co_watch_jaccard"),
        "shared_user_count": cells.count("Users of both"),
    },
    about="Of all days.",
    empty="Too few users share this show with another.",
    needs=("rpt_show_affinities",),
)
page.close()
