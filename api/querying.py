"""`/v1/metrics/query`: any metrics of the registry, cut as the marts allow."""

from datetime import date
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import available_timezones

import duckdb
from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import caller_of
from api.formats import FORMATS, Suffix
from api.parameters import TABULAR, Cursor, Day, Limit
from api.problems import Fault, ProblemError
from api.provenance import figures
from api.reading import Question
from api.routes import reading_router
from api.schemas import Page
from api.state import state_of
from watchhouse.contracts import reporting_time_zone
from watchhouse.errors import QuestionError
from watchhouse.metrics import Level, load_metrics
from watchhouse.questions import Comparison
from watchhouse.questions import Question as MetricQuestion
from watchhouse.slices import Grain

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_TEXT: Final = 2000

Names = Annotated[
    str,
    Query(
        min_length=1,
        max_length=_MOST_TEXT,
        description="Metrics of `/v1/metrics`, with commas.",
        examples=["hours_viewed,plays"],
    ),
]
Dimensions = Annotated[
    str,
    Query(
        max_length=_MOST_TEXT,
        description="Dimensions to group by, with commas.",
        examples=["show_name"],
    ),
]
From = Annotated[Day | None, Query(alias="from", description="First reporting day.")]
To = Annotated[Day | None, Query(alias="to", description="First day that is not asked for.")]
Zone = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Whose days, as `Europe/Berlin`; only metrics with moments can be cut anew.",
    ),
]
Filters = Annotated[
    list[str],
    Query(
        max_length=200,
        description="`dimension:value`, repeated for more; `dimension:` for what is not known.",
        examples=[["device:tv", "device:phone"]],
    ),
]
Sort = Annotated[
    str,
    Query(
        max_length=_MOST_TEXT,
        description="Columns to order by, with commas; `-` before one: from the greatest.",
        examples=["-hours_viewed"],
    ),
]


class AskedMetric(BaseModel):
    """A metric as it was computed."""

    name: str
    label: str
    unit: str
    level: Level = Field(description="What the input must hold for it: L0, L1 or L2.")
    version: str = Field(description="Changes with the definition.")
    mart: str = Field(description="Where it was read.")


class MetricRows(Page):
    """Rows of periods and dimensions, each with its metrics; what is not known is null."""

    metrics: list[AskedMetric]
    grain: str
    time_zone: str
    compared_from: date | None = Field(description="The other range, of `compared_…` columns.")
    compared_to: date | None
    is_suppressed: bool = Field(description="Whether figures of too few users are null.")
    items: list[dict[str, int | float | str | bool | None]]


router = reading_router(tags=["metrics"])


@router.get(
    "/v1/metrics/query",
    response_model=MetricRows,
    responses=TABULAR | FORMATS,
    summary="Metrics by dimensions by grain over a range",
)
async def get_query(  # noqa: PLR0913, PLR0917 - a question has as many parts, all by name
    request: Request,
    metrics: Names,
    dimensions: Dimensions = "",
    grain: Grain = "total",
    from_date: From = None,
    to_date: To = None,
    tz: Zone = None,
    compare: Comparison | None = None,
    filters: Filters = [],  # noqa: B006 - FastAPI copies it
    sort: Sort = "",
    limit: Limit = 1000,
    cursor: Cursor = None,
    format: Suffix | None = None,  # noqa: A002 - the name of the parameter
) -> Response:
    """Answer from the smallest marts that can; figures of too few users are null."""
    caller = caller_of(request, "read:aggregate")
    state = state_of(request)
    asked = MetricQuestion(
        metrics=_names(metrics),
        dimensions=_names(dimensions),
        grain=grain,
        from_date=from_date,
        to_date=to_date,
        time_zone=_zone(tz),
        compare=compare,
        filters=_filters(filters),
        order=_names(sort),
        limit=limit,
        cursor=cursor,
        smallest_group=state.smallest_group_for(caller),
    )

    def work(question: Question) -> "tuple[pa.Table, dict[str, Any]]":
        try:
            answer = question.answer(asked)
        except QuestionError as error:
            raise refusal(error) from error
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            detail = (
                f"release {question.manifest.release_id} was made by a version without one of "
                "these columns; `watchhouse build` publishes them"
            )
            raise ProblemError(HTTPStatus.NOT_FOUND, "not-in-release", detail) from error
        found = {metric.name: metric for metric in load_metrics()}
        metrics = [found[name] for name in asked.metrics]
        compared = asked.compared
        return answer.table, {
            "next_cursor": answer.next_cursor,
            "metrics": [
                {
                    "name": metric.name,
                    "label": metric.label,
                    "unit": metric.unit,
                    "level": metric.level,
                    "version": metric.version,
                    "mart": answer.marts[metric.name],
                }
                for metric in metrics
            ],
            "grain": asked.grain,
            "time_zone": asked.time_zone or reporting_time_zone(),
            "compared_from": compared.first if compared else None,
            "compared_to": compared.end if compared else None,
            "is_suppressed": answer.is_suppressed,
        }

    held = figures(asked.metrics, are_computed_here=True)
    return await state.answers.rows(request, caller, work, figures=held, suffix=format)


def refusal(error: QuestionError) -> ProblemError:
    """Return the problem that names the parameter."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-parameter",
        str(error),
        errors=[Fault(parameter=error.parameter, detail=error.detail)],
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _filters(given: list[str]) -> dict[str, tuple[str | None, ...]]:
    found: dict[str, tuple[str | None, ...]] = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon:
            error = QuestionError(parameter="filters", detail=f"{text!r} is not dimension:value")
            raise refusal(error)
        found[name] = (*found.get(name, ()), value or None)
    return found


def _zone(name: str | None) -> str | None:
    """Return the time zone, None where it is the reporting time zone.

    Raises:
        ProblemError: there is no such zone.
    """
    if name is None or name == reporting_time_zone():
        return None
    if name not in _zones():
        error = QuestionError(
            parameter="tz", detail=f"{name!r} is no time zone; name one as Europe/Berlin, or UTC"
        )
        raise refusal(error)
    return name


@cache
def _zones() -> frozenset[str]:
    with duckdb.connect() as connection:
        known = connection.execute("select name from pg_timezone_names()").fetchall()
    return frozenset(name for (name,) in known) & available_timezones()
