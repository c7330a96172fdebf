"""The three questions that callers of such pipelines know, with true numbers."""

from datetime import date
from http import HTTPStatus
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from api import queries
from api.access import caller_of
from api.parameters import AMBIGUOUS, UNKNOWN, Days, ShowName, UserId
from api.problems import ProblemError
from api.provenance import FIGURED, figures
from api.reading import Question
from api.routes import reading_router
from api.schemas import Analytics, Day, ShowAnalytics, TopShow, TopViewer, UserAnalytics
from api.state import recorded, state_of

_TOP: Final = 10
_ALL: Final = figures(
    {"binge_sessions", "engagement_score", "hours_viewed", "plays", "sessions", "users"}
)
_OF_USER: Final = figures(
    {"binge_sessions", "engagement_score", "hours_viewed", "plays", "sessions"}
)
_OF_SHOW: Final = figures({"avg_percentage_viewed", "hours_viewed", "plays", "sessions", "users"})

router = reading_router(tags=["analytics"])


@router.get(
    "/analytics", response_model=Analytics, responses=UNKNOWN | FIGURED, summary="All viewing"
)
async def get_analytics(request: Request, days: Days = 30) -> Response:
    """Sum up the last days that the release holds; figures of too few users are left out."""
    caller = caller_of(request, "read:aggregate")
    state = state_of(request)
    smallest = state.smallest_group_for(caller)

    def work(question: Question) -> Analytics:
        window = _window(question, days)
        totals = question.row(queries.TOTALS, window) or {}
        if question.has("rpt_users"):
            totals |= question.row(queries.ENGAGEMENT, window) or {}
        shows = question.rows(queries.TOP_SHOWS, window | {"fetched": _TOP})
        kept = shows
        if smallest:
            ids = [show["show_id"] for show in shows]
            audience = {
                row["show_id"]: row["users"]
                for row in question.rows(queries.AUDIENCE, window | {"shows": ids})
            }
            kept = [show for show in shows if audience.get(show["show_id"], 0) >= smallest]
        each, is_hidden = _days(question.rows(queries.DAYS, window), smallest)
        return Analytics(
            **question.of(),
            days=days,
            **totals,
            top_shows=[TopShow(**show) for show in kept],
            recent_activity=each,
            is_suppressed=is_hidden or len(kept) < len(shows),
        )

    return await state.answers.document(request, caller, work, figures=_ALL)


@router.get(
    "/users/{user_id:path}/analytics",
    response_model=UserAnalytics,
    responses=UNKNOWN | FIGURED,
    summary="One user",
)
async def get_user_analytics(request: Request, user_id: UserId, days: Days = 30) -> Response:
    """Sum up what one user watched; each such request is recorded."""
    caller = caller_of(request, "read:user")
    state = state_of(request)
    user = recorded(request, caller, user_id, "/users/{user_id}/analytics")

    def work(question: Question) -> UserAnalytics:
        if question.row(queries.USER, {"user": user}) is None:
            raise unknown_user()
        window = _window(question, days) | {"user": user}
        return UserAnalytics(
            **question.of(),
            days=days,
            avg_engagement=engagement_of(question, user).get("engagement_score"),
            **(question.row(queries.USER_TOTALS, window) or {}),
            favorite_shows=[
                TopShow(**show)
                for show in question.rows(queries.USER_SHOWS, window | {"fetched": _TOP})
            ],
            recent_activity=_days(question.rows(queries.USER_DAYS, window), 0)[0],
        )

    return await state.answers.document(request, caller, work, figures=_OF_USER)


@router.get(
    "/shows/{show_name:path}/analytics",
    response_model=ShowAnalytics,
    responses=AMBIGUOUS | FIGURED,
    summary="One show",
)
async def get_show_analytics(request: Request, show_name: ShowName, days: Days = 30) -> Response:
    """Sum up how one show was watched; figures of too few users are left out."""
    caller = caller_of(request, "read:aggregate")
    state = state_of(request)
    sees_users = caller.may("read:user")
    smallest = state.smallest_group_for(caller)

    def work(question: Question) -> ShowAnalytics:
        show = find_show(question, show_name)
        window = _window(question, days) | {"show": show["show_id"]}
        totals = question.row(queries.SHOW_TOTALS, window) or {}
        is_hidden = 0 < totals["unique_viewers"] < smallest
        if is_hidden:
            totals = dict.fromkeys(totals)
        viewers = (
            question.rows(queries.SHOW_VIEWERS, window | {"fetched": _TOP}) if sees_users else None
        )
        each, are_hidden = _days(question.rows(queries.SHOW_DAYS, window), smallest)
        return ShowAnalytics(
            **question.of(),
            days=days,
            **show,
            **totals,
            top_viewers=None if viewers is None else [TopViewer(**viewer) for viewer in viewers],
            recent_activity=each,
            is_suppressed=is_hidden or are_hidden,
        )

    return await state.answers.document(request, caller, work, figures=_OF_SHOW)


def find_show(question: Question, name: str) -> dict[str, Any]:
    """Return `show_id` and `show_name` of a show given by either.

    Raises:
        ProblemError: there is none, or the name is that of several.
    """
    found = question.rows(queries.SHOW, {"name": name})
    if not found:
        detail = "no show has this name or show_id; `/v1/shows?q=` searches"
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-show", detail)
    if len(found) > 1 and found[0]["show_id"] != name:
        ids = ", ".join(show["show_id"] for show in found)
        detail = f"several shows have this name; ask by show_id: {ids}"
        raise ProblemError(HTTPStatus.CONFLICT, "ambiguous-show", detail)
    return found[0]


def engagement_of(question: Question, user: str) -> dict[str, Any]:
    """Return what the release says of a user's engagement; nothing if it holds no scores."""
    if not question.has("rpt_users"):
        return {}
    return question.row(queries.USER_ENGAGEMENT, {"user": user}) or {}


def unknown_user() -> ProblemError:
    """Return the refusal of a user whom no release knows."""
    detail = "no user of this id is in the release"
    return ProblemError(HTTPStatus.NOT_FOUND, "unknown-user", detail)


def _window(question: Question, days: int) -> dict[str, Any]:
    """Return the first and last day of a window that ends where the data ends."""
    bounds = question.row(queries.BOUNDS)
    last = bounds["last_day"] if bounds else None
    if last is None:
        # Nothing was ever played: a window in which there is nothing.
        return {"first": date.min, "last": date.min}
    return {"first": date.fromordinal(max(1, last.toordinal() - days + 1)), "last": last}


def _days(rows: list[dict[str, Any]], smallest: int) -> tuple[list[Day], bool]:
    """Return each day, figures of too few users left out, and whether any were."""
    each = []
    is_hidden = False
    for row in rows:
        if row.pop("users", smallest) < smallest:
            row.update(sessions=None, hours=None)
            is_hidden = True
        each.append(Day(**row))
    return each, is_hidden
