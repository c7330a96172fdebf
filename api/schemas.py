"""What answers look like."""

from datetime import date
from typing import Final

from pydantic import AwareDatetime, BaseModel, Field

from api.provenance import Figured

_ENGAGEMENT: Final = Field(
    default=None,
    description="Engagement score of those who watched, 0 to 100, over the 28 days that end with"
    " the data; null where there is none.",
)
_SUPPRESSED: Final = Field(
    default=False, description="Whether figures are null because they describe too few users."
)


class Day(BaseModel):
    """One reporting day; figures of too few users are null."""

    activity_date: date
    sessions: int | None
    hours: float | None = Field(description="Hours watched.")


class TopShow(BaseModel):
    """One of the shows that were watched most."""

    show_id: str
    show_name: str
    plays: int
    hours: float


class TopViewer(BaseModel):
    """One of those who watched a show most; the user is a pseudonym."""

    user_id: str
    plays: int
    hours: float


class Analytics(Figured):
    """All viewing of the last days; hours are exact, nothing is estimated."""

    days: int
    total_sessions: int
    total_hours: float
    avg_engagement: float | None = _ENGAGEMENT
    binge_sessions: int
    unique_users: int
    top_shows: list[TopShow]
    recent_activity: list[Day]
    is_suppressed: bool = _SUPPRESSED


class UserAnalytics(Figured):
    """What one user watched in the last days."""

    days: int
    total_sessions: int
    total_hours: float
    avg_engagement: float | None = _ENGAGEMENT
    binge_sessions: int
    favorite_shows: list[TopShow]
    recent_activity: list[Day]


class ShowAnalytics(Figured):
    """How one show was watched in the last days."""

    days: int
    show_id: str
    show_name: str
    total_sessions: int | None = Field(description="Sessions in which it was watched.")
    total_hours: float | None
    avg_completion_rate: float | None = Field(
        description="Mean share of the runtime that plays reached; null if no runtime is known."
    )
    unique_viewers: int | None
    top_viewers: list[TopViewer] | None = Field(description="Null without the scope read:user.")
    recent_activity: list[Day]
    is_suppressed: bool = _SUPPRESSED


class Page(Figured):
    """A page of rows; `next_cursor` asks for the next one, and is null on the last."""

    next_cursor: str | None = None


class Show(BaseModel):
    """One show."""

    show_id: str
    show_name: str
    content_type: str | None
    genres: list[str] | None
    runtime_minutes: float | None


class Shows(Page):
    """Shows by id."""

    items: list[Show]


class ShowDetail(Figured, Show):
    """One show, and all that was ever watched of it."""

    play_count: int = Field(description="Plays of all time.")
    hours_viewed: float = Field(description="Hours watched of all time.")


class UserProfile(Figured):
    """One user; the id is a pseudonym."""

    user_id: str
    country: str | None
    plan: str | None
    signed_up_on: date | None
    first_watched_at: AwareDatetime | None
    last_watched_at: AwareDatetime | None
    play_count: int
    session_count: int
    watched_minutes: float
    engagement_score: float | None = Field(
        default=None, description="0 to 100, over the 28 days that end with the data."
    )
    engagement_segment: str | None = Field(default=None, description="high, medium or low.")
    l28: int | None = Field(default=None, description="Days active among the last 28.")
    is_at_risk: bool | None = Field(default=None, description="Overdue by their own habit.")
    is_dormant: bool | None = Field(default=None, description="Away for 28 days or longer.")


class Play(BaseModel):
    """One play of a user."""

    play_id: str
    show_id: str
    show_name: str
    season: int | None
    episode: int | None
    watched_minutes: float
    completion_rate: float | None
    device: str | None
    country: str | None
    started_at: AwareDatetime


class History(Page):
    """Plays of a user, the latest first."""

    items: list[Play]


class Batch(BaseModel):
    """What became of one batch: read = rejected + landed, landed = valid + set aside + repeats."""

    batch_id: str
    stream: str
    source: str
    source_kind: str
    status: str
    read_count: int
    rejected_count: int
    landed_count: int
    valid_count: int
    quarantined_count: int
    duplicate_count: int
    conservation_gap: int | None
    landed_at: AwareDatetime


class Quality(Page):
    """Batches by id."""

    items: list[Batch]


class SetAside(BaseModel):
    """A record that was set aside, without its content."""

    batch_id: str
    source_position: int
    stream: str
    source: str
    source_kind: str
    reason_codes: list[str]
    is_rejected: bool
    landed_at: AwareDatetime


class Quarantine(Page):
    """Records that were set aside, by batch and position."""

    items: list[SetAside]
