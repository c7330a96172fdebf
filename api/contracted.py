"""Paths that answer with the rows of one mart: response model, SQL and route from its contract."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

import duckdb
from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, ConfigDict, Field, create_model
from starlette.responses import Response

from api.access import ScopeName, caller_of
from api.formats import FORMATS, Suffix
from api.parameters import TABULAR, Cursor, Day, Limit, ShowId
from api.problems import ProblemError
from api.provenance import figures_of
from api.reading import Question, Rows
from api.schemas import Page
from api.state import state_of
from watchhouse.contracts import Contract, load_contracts
from watchhouse.cursors import Bindings, Sorting, after, decode, encode
from watchhouse.errors import QuestionError
from watchhouse.marts import quote

_TYPES: Final[Mapping[str, Any]] = {
    "varchar": str,
    "varchar[]": list[str],
    "uuid": str,
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": bool,
    "date": date,
    "timestamp": AwareDatetime,
}
_READ: Final[Mapping[str, str]] = {"timestamp": "timezone('UTC', {0})", "uuid": "{0}::varchar"}
OF_SHOW: Final = (
    "(select max(day.user_count) from fct_show_days as day where day.show_id = mart.show_id)"
)
"""How many users a show has, at least: on the day with most of them."""


@dataclass(frozen=True)
class MartPath:
    """One path. A page of rows is ordered by `order`, in which `-` means descending."""

    path: str
    mart: str
    summary: str
    order: tuple[str, ...]
    """Columns that tell the rows apart; they stay when figures are hidden."""
    filters: Mapping[str, Any] = field(default_factory=dict)
    """Columns to filter by, with the type of their parameter."""
    date_column: str | None = None
    """What `from` and `to` are about."""
    users: str | None = None
    """How many users a row describes, at least, in SQL; None where it describes none."""
    kept: tuple[str, ...] = ()
    """Further columns that are no figures of users."""
    contract: Contract | None = None
    """Of a table that no model makes; None to take the model's."""
    scope: ScopeName = "read:aggregate"

    @property
    def is_of_show(self) -> bool:
        """Return whether the path names a show."""
        return "{show_id}" in self.path


def add_routes(router: APIRouter, paths: tuple[MartPath, ...]) -> None:
    """Add the paths whose marts the project has."""
    contracts = load_contracts()
    for path in paths:
        contract = path.contract or contracts.get(path.mart)
        if contract is not None:
            _add(router, path, contract)


def _add(router: APIRouter, path: MartPath, contract: Contract) -> None:
    router.add_api_route(
        # An id may hold slashes.
        path.path.replace("{show_id}", "{show_id:path}"),
        _endpoint(path, contract),
        response_model=page_model(path, contract),
        responses=TABULAR | FORMATS,
        summary=path.summary,
        description=contract.description,
        name=f"get_{path.mart}_{'of_show' if path.is_of_show else 'rows'}",
    )


def page_model(path: MartPath, contract: Contract) -> type[Page]:
    """Return the model of a page of a mart's rows."""
    keys = _keys(path, contract)
    columns: dict[str, Any] = {}
    for name, column in contract.columns.items():
        kind = _TYPES[column.type]
        is_hidden = path.users is not None and name not in keys
        columns[name] = (
            kind | None if column.is_nullable or is_hidden else kind,
            Field(description=column.description),
        )
    name = "".join(part.capitalize() for part in path.mart.split("_")[1:])
    name += "OfShow" if path.is_of_show else ""
    row = create_model(
        f"{name}Row",
        __config__=ConfigDict(protected_namespaces=()),
        __doc__=contract.description,
        **columns,
    )
    page: type[Page] = create_model(
        name,
        __base__=Page,
        __doc__=path.summary,
        items=(list[row], ...),  # type: ignore[valid-type]  # made here
        is_suppressed=(
            bool,
            Field(default=False, description="Whether figures of too few users are null."),
        ),
    )
    return page


def _keys(path: MartPath, contract: Contract) -> tuple[str, ...]:
    """Return the columns that stay when figures are hidden; a fraction in the order does not."""
    ordered = (name.removeprefix("-") for name in path.order)
    return (*(name for name in ordered if contract.columns[name].type != "double"), *path.kept)


class _Source:
    """What the statements of a path have in common; every name in it is of the contract."""

    def __init__(self, path: MartPath, contract: Contract) -> None:
        self.path = path
        self.columns = list(contract.columns)
        self.order = tuple(
            Sorting(name.removeprefix("-"), descending=name.startswith("-")) for name in path.order
        )
        self.order_by = f"order by {', '.join(part.sql() for part in self.order)}"
        self.read = ", ".join(
            f"{_READ.get(column.type, '{0}').format(f'mart.{quote(name)}')} as {quote(name)}"
            for name, column in contract.columns.items()
        )
        keys = _keys(path, contract)
        self.shown = ", ".join(
            quote(name)
            if name in keys
            else f"case when not is_hidden then {quote(name)} end as {quote(name)}"
            for name in contract.columns
        )
        self.has_moments = any(column.type == "timestamp" for column in contract.columns.values())


def _endpoint(path: MartPath, contract: Contract) -> Callable[..., Any]:
    held = figures_of(path.mart, contract.columns)
    source = _Source(path, contract)

    async def endpoint(request: Request, **given: Any) -> Response:  # noqa: ANN401 - as declared below
        caller = caller_of(request, path.scope)
        state = state_of(request)
        smallest = 0 if path.users is None else state.smallest_group_for(caller)

        def work(question: Question) -> tuple[Rows, dict[str, Any]]:
            return _read(question, source, given, smallest)

        suffix = given.get("format")
        return await state.answers.rows(request, caller, work, figures=held, suffix=suffix)

    parameters: dict[str, Any] = {"request": Request}
    if path.is_of_show:
        parameters["show_id"] = ShowId
    for name, kind in path.filters.items():
        described = contract.columns[name].description
        parameters[name] = Annotated[kind | None, Query(description=described)]
    if path.date_column is not None:
        first, end = f"First {path.date_column}.", f"First {path.date_column} no longer asked for."
        parameters["from_date"] = Annotated[Day | None, Query(alias="from", description=first)]
        parameters["to_date"] = Annotated[Day | None, Query(alias="to", description=end)]
    parameters |= {"limit": Limit, "cursor": Cursor, "format": Suffix | None}
    required = {"request", "show_id"}
    kind = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature(
        [
            inspect.Parameter(name, kind, annotation=annotation)
            if name in required
            else inspect.Parameter(
                name, kind, annotation=annotation, default=100 if name == "limit" else None
            )
            for name, annotation in parameters.items()
        ],
        return_annotation=Response,
    )
    # What FastAPI reads the parameters from.
    endpoint.__signature__ = signature  # type: ignore[attr-defined]
    return endpoint


def _read(
    question: Question, source: _Source, given: Mapping[str, Any], smallest: int
) -> tuple[Rows, dict[str, Any]]:
    path = source.path
    require_mart(question, path.mart)
    if path.is_of_show:
        question.looks_up()
    show_id = given.get("show_id")
    first, end = given.get("from_date"), given.get("to_date")
    if first is not None and end is not None and first >= end:
        raise QuestionError(parameter="to", detail=f"{end} is not after from, {first}")
    limit: int = given["limit"]
    asked = repr(
        (path.path, sorted((k, v) for k, v in given.items() if k in path.filters), show_id)
    )
    sql, bindings = _statement(source, given, smallest, asked)
    try:
        rows, last = question.page(
            f"{sql} limit {bindings.bind(limit + 1)}",
            bindings.values,
            limit=limit,
            as_rows=not source.has_moments,
        )
    except (duckdb.ConversionException, duckdb.BinderException) as error:
        if given.get("cursor") is None:
            raise
        # Its values are of other types than the columns that rows are told apart by.
        detail = "is not one that a page gave; begin without one"
        raise QuestionError(parameter="cursor", detail=detail) from error
    if show_id is not None and not len(rows):
        _require_show(question, show_id)
    following = (
        None if last is None else encode(asked, last, [part.column for part in source.order])
    )
    beside = {"next_cursor": following, "is_suppressed": False}
    if not smallest:
        return rows, beside
    if isinstance(rows, list):
        hidden = [row.pop("is_hidden") for row in rows]
        beside["is_suppressed"] = any(hidden)
        return rows, beside
    beside["is_suppressed"] = any(rows["is_hidden"].to_pylist())
    return rows.select(source.columns), beside


def _statement(
    source: _Source, given: Mapping[str, Any], smallest: int, asked: str
) -> tuple[str, Bindings]:
    """Return the SQL of a page without its limit."""
    path = source.path
    bindings = Bindings()
    wanted = [
        f"cast(mart.{quote(name)} as varchar) = {bindings.bind(str(given[name]))}"
        for name in path.filters
        if given.get(name) is not None
    ]
    if path.is_of_show:
        wanted.append(f"mart.show_id = {bindings.bind(given['show_id'])}")
    for name, sign in (("from_date", ">="), ("to_date", "<")):
        if path.date_column is not None and given.get(name) is not None:
            wanted.append(f"mart.{quote(path.date_column)} {sign} {bindings.bind(given[name])}")
    where = f" where {' and '.join(wanted)}" if wanted else ""
    rows = f"from {path.mart} as mart{where}"
    sql = f"select {source.read} {rows}"
    if smallest:
        hidden = f"coalesce({path.users} < {bindings.bind(smallest)}, true) as is_hidden"
        sql = f"select {source.shown}, is_hidden from (select {source.read}, {hidden} {rows})"  # noqa: S608 - names of the contract
    if smallest or given.get("cursor") is not None:
        sql = f"select * from ({sql}) as page"  # noqa: S608 - as above
    if given.get("cursor") is not None:
        values = decode(given["cursor"], asked, len(source.order))
        sql += f" where {after(source.order, values, bindings)}"
    return f"{sql} {source.order_by}", bindings


def require_mart(question: Question, mart: str) -> None:
    """Refuse what the release at hand does not hold.

    Raises:
        ProblemError: it was published by an earlier version, or without a full build.
    """
    is_there = mart in question.manifest.marts or question.rows(
        "select 1 as found from duckdb_tables()"
        " where schema_name = 'history' and table_name = $name",
        {"name": mart},
    )
    if not is_there:
        detail = (
            f"release {question.manifest.release_id} has no {mart}; `watchhouse build` publishes it"
        )
        raise ProblemError(HTTPStatus.NOT_FOUND, "not-in-release", detail)


def _require_show(question: Question, show_id: str) -> None:
    if not question.rows(
        "select 1 as found from dim_shows where show_id = $show", {"show": show_id}
    ):
        detail = "no show has this show_id; `/v1/shows?q=` searches by name"
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-show", detail)
