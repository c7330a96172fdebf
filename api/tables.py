"""Pages of marts: shows, what a user watched, batches and what was set aside."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import duckdb
from fastapi import Query, Request
from starlette.responses import Response

from api import queries
from api.access import caller_of
from api.analytics import engagement_of, unknown_user
from api.formats import FORMATS, Suffix
from api.parameters import TABULAR, UNKNOWN, Cursor, Limit, ShowId, UserId
from api.problems import ProblemError
from api.provenance import FIGURED, NO_FIGURES, Figures, figures, figures_of
from api.reading import Question
from api.routes import reading_router
from api.schemas import History, Quality, Quarantine, ShowDetail, Shows, UserProfile
from api.state import recorded, state_of

if TYPE_CHECKING:
    import pyarrow as pa

Search = Annotated[
    str | None, Query(min_length=1, max_length=200, description="Part of the name, in any case.")
]
Reason = Annotated[
    str | None, Query(min_length=1, max_length=100, description="One of the reason codes.")
]
_TABULAR: Final = TABULAR | FORMATS
_OF_SHOW: Final = figures({"hours_viewed", "plays"})
_OF_USER: Final = figures(
    {
        *("engagement_score", "l28", "plays", "sessions"),
        *("users_asleep", "users_at_risk", "watched_minutes"),
    }
)
_OF_HISTORY: Final = figures({"avg_percentage_viewed", "watched_minutes"})
_OF_BATCHES: Final = figures_of("rpt_batch_reconciliation", ())
_MINUTE: Final = 60_000_000.0
"""In microseconds."""

router = reading_router(prefix="/v1", tags=["tables"])
details = reading_router(prefix="/v1", tags=["tables"])
"""Paths that end in an id, which may hold slashes: asked after all that say more behind it."""


@router.get("/shows", response_model=Shows, responses=_TABULAR, summary="Search shows")
async def get_shows(
    request: Request,
    q: Search = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    format: Suffix | None = None,  # noqa: A002 - the name of the parameter
) -> Response:
    """List shows by id, all or those whose name holds `q`."""
    values = {"q": q}
    return await _page(
        request,
        queries.SHOW_PAGE,
        values,
        limit=limit,
        cursor=cursor,
        order=("show_id",),
        suffix=format,
    )


@details.get(
    "/shows/{show_id:path}",
    response_model=ShowDetail,
    responses=UNKNOWN | FIGURED,
    summary="One show",
)
async def get_show(request: Request, show_id: ShowId) -> Response:
    """Tell what is known of a show."""
    caller = caller_of(request, "read:aggregate")

    def work(question: Question) -> ShowDetail:
        question.looks_up()
        row = question.row(queries.SHOW_DETAIL, {"show": show_id})
        if row is None:
            detail = "no show has this show_id; `/v1/shows?q=` searches by name"
            raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-show", detail)
        return ShowDetail(**question.of(), **row)

    return await state_of(request).answers.document(request, caller, work, figures=_OF_SHOW)


@details.get(
    "/users/{user_id:path}",
    response_model=UserProfile,
    responses=UNKNOWN | FIGURED,
    summary="One user",
)
async def get_user(request: Request, user_id: UserId) -> Response:
    """Tell what is known of a user; each such request is recorded."""
    caller = caller_of(request, "read:user")
    user = recorded(request, caller, user_id, "/v1/users/{user_id}")

    def work(question: Question) -> UserProfile:
        question.looks_up()
        row = _profile(question, user)
        for name in ("first_watched_at", "last_watched_at"):
            if row[name] is not None:
                row[name] = row[name].replace(tzinfo=UTC)
        return UserProfile(**question.of(), **row)

    return await state_of(request).answers.document(request, caller, work, figures=_OF_USER)


@router.get(
    "/users/{user_id:path}/history",
    response_model=History,
    responses=_TABULAR | UNKNOWN,
    summary="What a user watched",
)
async def get_history(
    request: Request,
    user_id: UserId,
    limit: Limit = 100,
    cursor: Cursor = None,
    format: Suffix | None = None,  # noqa: A002 - the name of the parameter
) -> Response:
    """List the plays of a user, the latest first; each such request is recorded."""
    caller = caller_of(request, "read:user")
    user = recorded(request, caller, user_id, "/v1/users/{user_id}/history")
    return await _page(
        request,
        queries.HISTORY,
        {"user": user},
        limit=limit,
        cursor=cursor,
        order=("started_at", "play_id"),
        suffix=format,
        user=user,
        held=_OF_HISTORY,
    )


@router.get("/quality", response_model=Quality, responses=_TABULAR, summary="Every batch")
async def get_quality(
    request: Request,
    limit: Limit = 100,
    cursor: Cursor = None,
    format: Suffix | None = None,  # noqa: A002 - the name of the parameter
) -> Response:
    """List what became of every batch that was ever landed."""
    return await _page(
        request,
        queries.QUALITY,
        {},
        limit=limit,
        cursor=cursor,
        order=("batch_id",),
        suffix=format,
        held=_OF_BATCHES,
    )


@router.get("/quarantine", response_model=Quarantine, responses=_TABULAR, summary="Set aside")
async def get_quarantine(
    request: Request,
    reason: Reason = None,
    limit: Limit = 100,
    cursor: Cursor = None,
    format: Suffix | None = None,  # noqa: A002 - the name of the parameter
) -> Response:
    """List the records that were set aside, and why."""
    return await _page(
        request,
        queries.QUARANTINE,
        {"reason": reason},
        limit=limit,
        cursor=cursor,
        order=("batch_id", "source_position"),
        suffix=format,
    )


def _profile(question: Question, user: str) -> dict[str, Any]:
    """Return what is known of a user: one row of the scores, if they have seen all there is.

    Else, and for who never watched, from the dimension, and what they ever did from the days.

    Raises:
        ProblemError: there is no such user.
    """
    if question.manifest.is_fresh("rpt_users"):
        # One of an earlier version has fewer columns.
        with suppress(duckdb.BinderException):
            scored = question.row(queries.USER_PROFILE, {"user": user})
            if scored is not None:
                scored["watched_minutes"] = scored.pop("watched_microseconds") / _MINUTE
                return scored
    known = question.row(queries.USER_DIMENSION, {"user": user})
    if known is None:
        raise unknown_user()
    days = question.row(queries.LIFETIME_OF_DAYS, {"user": user}) or {}
    return known | engagement_of(question, user) | days


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    value.encode()
    return value


def _position(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise TypeError
    return value


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    # Pages give moments of UTC without saying so.
    if moment.tzinfo is not None:
        raise ValueError(value)
    return moment


_READ: Final[dict[str, Callable[[Any], object]]] = {
    "started_at": _moment,
    "play_id": UUID,
    "source_position": _position,
}


async def _page(  # noqa: PLR0913 - a page has as many parts, all by name
    request: Request,
    sql: str,
    values: dict[str, Any],
    *,
    limit: int,
    cursor: str | None,
    order: tuple[str, ...],
    suffix: str | None,
    user: str | None = None,
    held: Figures = NO_FIGURES,
) -> Response:
    """Answer with one page; `order` are the columns by which its rows are told apart."""
    caller = caller_of(request, "read:aggregate" if user is None else "read:user")
    after = dict.fromkeys((f"after{n}" for n in range(len(order))), None) | _decoded(cursor, order)

    def work(question: Question) -> "tuple[pa.Table, dict[str, Any]]":
        if user is not None and question.row(queries.USER, {"user": user}) is None:
            raise unknown_user()
        table = question.table(sql, values | after | {"fetched": limit + 1})
        following = None
        if len(table) > limit:
            table = table.slice(0, limit)
            last = table.slice(limit - 1, 1).to_pylist()[0]
            following = _encoded([last[name] for name in order])
        return table, {"next_cursor": following}

    answers = state_of(request).answers
    return await answers.rows(request, caller, work, figures=held, suffix=suffix)


def _encoded(values: list[Any]) -> str:
    shown = [
        value.astimezone(UTC).replace(tzinfo=None).isoformat()
        if isinstance(value, datetime)
        else value
        for value in values
    ]
    return base64.urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")


def _decoded(cursor: str | None, order: tuple[str, ...]) -> dict[str, Any]:
    """Return the values behind a cursor.

    Raises:
        ProblemError: it is none of ours.
    """
    if cursor is None:
        return {}
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return {
            f"after{number}": _READ.get(name, _text)(value)
            for number, (name, value) in enumerate(zip(order, list(values), strict=True))
        }
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        detail = "cursor: is not one that a page gave; begin without one"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-cursor", detail) from error
