"""The paths that answer with the rows of a mart, one entry each."""

from typing import Final, Literal

from api.contracted import OF_SHOW, MartPath, add_routes
from api.routes import reading_router
from watchhouse.contracts import Column, Contract

Window = Literal["1d", "7d", "28d", "91d", "all"]
Period = Literal["day", "week", "month"]

_FIGURES: Final = {
    "play_count": ("bigint", "Plays"),
    "user_count": ("bigint", "Distinct users"),
    "session_count": ("bigint", "Sessions that began"),
    "complete_play_count": ("bigint", "Complete plays"),
    "hours_viewed": ("double", "Hours watched"),
}
_RESTATEMENTS: Final = Contract(
    description="One row per release and reporting day whose published figures it changed.",
    columns={
        "release_id": Column("integer", is_nullable=False, description="The release."),
        "activity_date": Column("date", is_nullable=False, description="Reporting day."),
        "causes": Column(
            "varchar[]", is_nullable=False, description="late, correction, replay or code; or all."
        ),
        **{
            f"{name}_{when}": Column(
                kind, is_nullable=True, description=f"{meaning} of the day, {when} the release."
            )
            for name, (kind, meaning) in _FIGURES.items()
            for when in ("before", "after")
        },
        "published_at": Column("timestamp", is_nullable=False, description="When, UTC."),
    },
)
"""Written by every publication, so no model's YAML promises it."""

PATHS: Final = (
    MartPath(
        "/v1/top10",
        "rpt_weekly_top_shows",
        "The lists of each week",
        ("-week_started_date", "content_type", "top10_rank", "hours_rank", "show_id"),
        filters={"content_type": str},
        date_column="week_started_date",
        users=OF_SHOW,
        kept=("show_name",),
    ),
    MartPath(
        "/v1/trending",
        "rpt_trending_shows",
        "Shows that are watched more than usual",
        ("-trending_z", "show_id"),
        users=OF_SHOW,
    ),
    MartPath(
        "/v1/windows/shows",
        "rpt_show_windows",
        "Shows over windows that end with the data",
        ("window_name", "show_id"),
        filters={"window_name": Window},
        users="mart.user_count",
    ),
    MartPath(
        "/v1/windows/platform",
        "rpt_platform_windows",
        "All viewing over windows that end with the data",
        ("window_name",),
        filters={"window_name": Window},
        users="mart.user_count",
    ),
    MartPath(
        "/v1/shows/{show_id}/days",
        "fct_show_days",
        "One show by reporting day",
        ("-activity_date", "show_id"),
        date_column="activity_date",
        users="mart.user_count",
    ),
    MartPath(
        "/v1/shows/{show_id}/windows",
        "rpt_show_windows",
        "One show over windows that end with the data",
        ("window_name", "show_id"),
        users="mart.user_count",
    ),
    MartPath(
        "/v1/shows/{show_id}/retention",
        "rpt_retention_curves",
        "How far into a show its plays reach",
        ("bucket", "show_id"),
        users=OF_SHOW,
    ),
    MartPath(
        "/v1/shows/{show_id}/drop-offs",
        "rpt_retention_drop_offs",
        "Where most of them end",
        ("drop_rank", "show_id"),
        users=OF_SHOW,
    ),
    MartPath(
        "/v1/shows/{show_id}/progress",
        "rpt_show_progress",
        "What of a show was seen, and seen again",
        ("show_id",),
        users=OF_SHOW,
    ),
    MartPath(
        "/v1/shows/{show_id}/funnel",
        "rpt_show_funnels",
        "From starters to completers",
        ("season", "horizon", "show_id"),
        users="mart.starter_count",
    ),
    MartPath(
        "/v1/shows/{show_id}/seasons",
        "rpt_seasons",
        "How each season is finished",
        ("season", "show_id"),
        users="mart.starter_count",
    ),
    MartPath(
        "/v1/shows/{show_id}/launch",
        "rpt_show_launches",
        "The first 91 days of a show",
        ("show_id",),
        users=OF_SHOW,
    ),
    MartPath(
        "/v1/shows/{show_id}/affinity",
        "rpt_show_affinities",
        "What its users watch besides",
        ("-lift", "other_show_id", "show_id"),
        users="mart.shared_user_count",
    ),
    MartPath(
        "/v1/shows/{show_id}/breakdowns",
        "rpt_show_breakdowns",
        "A show by device and country",
        ("dimension_name", "dimension_value", "window_name", "show_id"),
        filters={"dimension_name": Literal["device", "country"]},
        users="mart.user_count",
    ),
    MartPath(
        "/v1/catalog",
        "rpt_catalog_concentration",
        "How evenly viewing is spread over shows",
        ("window_name",),
        filters={"window_name": Window},
    ),
    MartPath(
        "/v1/activity",
        "fct_activity_days",
        "Users active on each day, in 7 and in 28 days",
        ("-activity_date",),
        date_column="activity_date",
        users="mart.dau",
    ),
    MartPath(
        "/v1/lifecycle",
        "rpt_lifecycle",
        "New, returning and lost users of each period",
        ("period", "-period_started_date"),
        filters={"period": Period},
        date_column="period_started_date",
        users="mart.active_user_count",
    ),
    MartPath(
        "/v1/cohorts",
        "rpt_retention_cohorts",
        "How many users of a period come back",
        ("period", "-cohort_started_date", "interval_number"),
        filters={"period": Literal["week", "month"]},
        date_column="cohort_started_date",
        users="mart.cohort_user_count",
    ),
    MartPath(
        "/v1/power-users",
        "rpt_power_user_curve",
        "Users by days active in 28",
        ("active_day_count",),
        users="mart.user_count",
    ),
    MartPath(
        "/v1/experiments",
        "rpt_experiments",
        "Variants of each experiment",
        ("experiment", "variant"),
        users="mart.user_count",
    ),
    MartPath(
        "/v1/hours",
        "fct_platform_hours",
        "Viewing of each hour",
        ("-started_hour_at",),
        date_column="activity_date",
        users="mart.user_count",
        kept=(
            *("activity_date", "hour_local", "daypart"),
            *("is_weekend", "is_primetime", "weekday"),
        ),
    ),
    MartPath(
        "/v1/heatmap",
        "rpt_viewing_heatmap",
        "Viewing by weekday and hour",
        ("weekday", "hour_local"),
        users="mart.user_count",
    ),
    MartPath(
        "/v1/concurrency",
        "fct_concurrency_days",
        "The most plays at one moment of each day",
        ("-activity_date",),
        date_column="activity_date",
    ),
    MartPath(
        "/v1/concurrency/minutes",
        "fct_concurrency_minutes",
        "The most plays at one moment of each minute",
        ("-started_minute_at",),
        date_column="activity_date",
    ),
    MartPath(
        "/v1/quality/days",
        "fct_quality_days",
        "What became of the records of each day",
        ("-ingest_date", "stream", "source"),
        filters={"stream": str, "source": str},
        date_column="ingest_date",
    ),
    MartPath(
        "/v1/quarantine/reasons",
        "rpt_quarantine_reasons",
        "Why records were set aside, by day",
        ("-ingest_date", "source", "reason_code"),
        filters={"source": str, "reason_code": str},
        date_column="ingest_date",
    ),
    MartPath(
        "/v1/restatements",
        "restatements",
        "Days whose published figures a release changed",
        ("-release_id", "-activity_date"),
        date_column="activity_date",
        users="least(mart.user_count_before, mart.user_count_after)",
        kept=("causes", "published_at"),
        contract=_RESTATEMENTS,
    ),
)

router = reading_router(tags=["marts"])
add_routes(router, PATHS)
