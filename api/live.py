"""What landed since the release: provisional, and never cached."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from api.access import caller_of
from api.parameters import FAILURES
from api.provenance import FIGURED, Figured, figures, provenance, provenance_headers
from api.state import state_of
from watchhouse.live import LiveTail

Minutes = Annotated[
    float | None,
    Query(
        gt=0,
        le=10_080,
        description="Only plays that began within so many minutes before now.",
        examples=[30],
    ),
]


class LiveShow(BaseModel):
    """A show by its name as received."""

    show_name: str
    plays: int
    hours: float


class Live(Figured):
    """Plays that landed and that the release does not hold yet."""

    is_provisional: Literal[True] = True
    read_at: AwareDatetime
    since: AwareDatetime | None = Field(description="Start of the plays counted; null for all.")
    latest_landed_at: AwareDatetime | None
    batches: int
    unread_batches: int = Field(description="Batches that only a build can read.")
    landed: int = Field(description="Events in these batches: valid, quarantined and duplicates.")
    quarantined: int
    duplicates: int
    plays: int
    users: int
    hours: float
    top_shows: list[LiveShow]


router = APIRouter(tags=["analytics"])
_FIGURES: Final = figures({"hours_viewed", "plays", "users"})


@router.get("/v1/live", responses=FAILURES | FIGURED, summary="What landed since the release")
async def get_live(request: Request, response: Response, minutes: Minutes = None) -> Live:
    """Judge what no release holds yet by the rules of the current one."""
    caller = caller_of(request, "read:aggregate")
    state = state_of(request)
    # It waits for files, not for the event loop.
    tail = await asyncio.to_thread(state.live.read, now=datetime.now(UTC), minutes=minutes)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(provenance_headers(tail, _FIGURES))
    return _document(tail, smallest_group=state.smallest_group_for(caller))


def _document(tail: LiveTail, *, smallest_group: int) -> Live:
    return Live(
        **provenance(tail, _FIGURES),
        read_at=tail.read_at,
        since=tail.since,
        latest_landed_at=tail.latest_landed_at,
        batches=tail.batch_count,
        unread_batches=tail.unread_batch_count,
        landed=tail.landed_count,
        quarantined=tail.quarantined_count,
        duplicates=tail.duplicate_count,
        plays=tail.play_count,
        users=tail.user_count,
        hours=tail.hours_viewed,
        top_shows=[
            LiveShow(show_name=show.show_name, plays=show.play_count, hours=show.hours_viewed)
            for show in tail.top_shows
            if show.user_count >= smallest_group
        ],
    )
