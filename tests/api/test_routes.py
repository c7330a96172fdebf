"""Routes that know their parameters beforehand do as FastAPI's own routes do."""

import asyncio
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Header, Query, Request
from starlette.responses import JSONResponse, Response

from api import problems
from api.parameters import READS, Cursor, Day, Limit, ShowId
from api.routes import reading_router


async def echo(
    request: Request,
    show_id: ShowId,
    names: Annotated[str, Query(min_length=2)],
    from_date: Annotated[Day | None, Query(alias="from")] = None,
    grain: Literal["day", "week"] = "day",
    filters: Annotated[list[str], Query(max_length=2)] = [],  # noqa: B006 - nobody writes to it
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Answer with what was understood."""
    given = (show_id, names, str(from_date), grain, filters, limit, cursor)
    return JSONResponse([*given, request.scope["as_of"]])


def ask(router: APIRouter, asked: str, method: str = "GET") -> httpx.Response:
    """Return what a service with one path answers."""
    router.add_api_route("/shows/{show_id:path}/days", echo)
    app = FastAPI(routes=router.routes)
    problems.install(app)

    async def answer() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, f"/shows/{asked}")

    return asyncio.run(answer())


@pytest.mark.parametrize(
    "asked",
    [
        "a/days?names=xy",
        "a/b%20c/days?names=xy&from=2026-01-31&grain=week&limit=7&cursor=c&as_of=3",
        "a/days?names=xy&filters=a:b&filters=c:d&limit=1&limit=2&unknown=1",
        "a/days?names=xy&filters=1&filters=2&filters=3",
        "a/days?names=%FF%00&cursor=&grain=",
        "a/days",
        "a/days?names=x&from=1&grain=year&limit=0&as_of=0",
        "a/days?names=xy&from_date=2026-01-31&limit=1e3",
        "a/days?names=xy&from=&limit=",
        f"{'a' * 1001}/days?names=xy",
    ],
)
def test_they_read_and_refuse_as_fastapi_does(asked: str) -> None:
    ours = ask(reading_router(), asked)
    theirs = ask(APIRouter(dependencies=READS), asked)
    assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json())


def test_they_take_no_other_method() -> None:
    answer = ask(reading_router(), "a/days?names=xy", "POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def with_header(request: Request, token: Annotated[str, Header()]) -> None:
    """Ask for what is in no path and no query."""


async def with_body(request: Request, body: dict[str, Any]) -> None:
    """Ask for a body."""


@pytest.mark.parametrize("endpoint", [with_header, with_body])
def test_what_would_not_be_read_is_no_route(endpoint: Any) -> None:
    with pytest.raises(TypeError, match="would not be read"):
        reading_router().add_api_route("/", endpoint)
