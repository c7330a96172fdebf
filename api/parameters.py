"""Parameters that several routes take, checked before anything is asked of a release."""

import re
from datetime import date
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator

from api.answers import MOST_ROWS
from api.paths import whole_id
from api.problems import describe

MOST_DAYS: Final = 3660

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(value: object) -> object:
    """Refuse the seconds since 1970 that would be taken for a day, too."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        message = "give a day as 2026-01-31"
        raise ValueError(message)
    return value


Day = Annotated[date, BeforeValidator(_day)]
Days = Annotated[
    int,
    Query(
        ge=1,
        le=MOST_DAYS,
        description="Reporting days up to and with the last one that holds a play.",
        examples=[30],
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=400, description="`next_cursor` of the page before this one."),
]
_Id = Annotated[str, BeforeValidator(whole_id)]
UserId = Annotated[
    _Id,
    Path(min_length=1, max_length=1000, description="The user as the sender of events knows it."),
]
ShowName = Annotated[
    _Id,
    Path(
        min_length=1,
        max_length=1000,
        description="Name of the show, in any case and spacing, or its `show_id`.",
    ),
]
ShowId = Annotated[_Id, Path(min_length=1, max_length=1000, description="`show_id` of the show.")]

AsOf = Annotated[
    int | None,
    Query(
        ge=1,
        lt=1 << 31,
        description="Number of an earlier release that is still kept, instead of the current one.",
    ),
]


async def take_as_of(request: Request, as_of: AsOf = None) -> None:
    """Declare `as_of`; whoever answers finds it, checked, at the request."""
    request.scope["as_of"] = as_of


READS: Final = [Depends(take_as_of)]
"""What every path that answers from a release takes."""

FAILURES: Final = describe(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
UNKNOWN: Final = FAILURES | describe(HTTPStatus.NOT_FOUND)
TABULAR: Final = UNKNOWN | describe(HTTPStatus.NOT_ACCEPTABLE)
AMBIGUOUS: Final = UNKNOWN | describe(HTTPStatus.CONFLICT)
