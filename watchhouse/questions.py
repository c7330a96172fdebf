"""Questions to a release: metrics by dimensions by grain over a range, from the registry alone.

`ask` checks a question, picks the smallest marts that can answer it and reads them with one
statement in which every value is bound. Only names of the registry ever reach the SQL.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import duckdb

from watchhouse.cursors import Bindings, Sorting, after, decode, encode
from watchhouse.errors import QuestionError
from watchhouse.metrics import Metric, load_marts, load_metrics
from watchhouse.slices import Cut, Grain, Span, choose, dimensions_of, read
from watchhouse.statements import joined, named, narrowed

if TYPE_CHECKING:
    import pyarrow as pa

Comparison = Literal["previous", "year"]
GRAINS: Final[tuple[Grain, ...]] = get_args(Grain)
COMPARISONS: Final[tuple[Comparison, ...]] = get_args(Comparison)
PERIOD: Final = "period_started_date"
"""Column of the answer that says which day, week or month a row is of."""
COMPARED: Final = "compared_"
"""What the columns of the other range begin with."""
MOST_ROWS: Final = 10_000
_MOST: Final = {"metrics": 20, "dimensions": 5, "filters": 10, "values": 200}
_YEAR_DAYS: Final = 364
"""52 weeks: a day is held against the same day of the week."""
_WEEK_DAYS: Final = 7


@dataclass(frozen=True)
class Question:
    """Metrics by dimensions by grain over reporting days; `ask` says what is wrong with it.

    Rows are told apart by period and dimensions, and ordered by them unless `order` says otherwise.
    `show_name` brings `show_id` along, since two shows may have one name. A show of several genres
    counts in each of them.
    """

    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    grain: Grain = "total"
    from_date: date | None = None
    to_date: date | None = None
    """The first day that is not asked for."""
    time_zone: str | None = None
    """Whose days; None for the reporting time zone."""
    compare: Comparison | None = None
    """Also the same for the range of equal length before it, or 52 weeks earlier."""
    filters: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Values of dimensions, as text, of which a row must have one; None is not known."""
    order: tuple[str, ...] = ()
    """Names of columns; `-` before one means from the greatest. Null is last."""
    limit: int = 1000
    cursor: str | None = None
    """`next_cursor` of the page before."""
    smallest_group: int = 0
    """Users that a row must describe to have figures; 0 for those who may read single users."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns that tell the rows apart."""
        named: tuple[str, ...] = () if self.grain == "total" else (PERIOD,)
        for dimension in self.dimensions:
            if dimension == "show_name" and "show_id" not in self.dimensions:
                named += ("show_id",)
            named += (dimension,)
        return named

    @property
    def compared(self) -> Span | None:
        """Return the other range, None without one."""
        if self.compare is None or self.from_date is None or self.to_date is None:
            return None
        days = (self.to_date - self.from_date).days if self.compare == "previous" else _YEAR_DAYS
        shift = timedelta(days=days)
        try:
            return Span(self.from_date - shift, self.to_date - shift, days)
        except OverflowError as error:
            raise QuestionError(
                parameter="compare", detail="there are no days that far back"
            ) from error


@dataclass(frozen=True)
class Plan:
    """One statement, its parameters, and the columns that it returns before `is_hidden`."""

    sql: str
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]
    marts: Mapping[str, str]
    """Which mart answers for which metric."""
    order: tuple[str, ...]
    asked: str
    """What tells the question apart from others, whatever the page."""


@dataclass(frozen=True)
class Answer:
    """One page of an answer."""

    table: "pa.Table"
    next_cursor: str | None
    is_suppressed: bool
    """Whether figures are null because they describe too few users."""
    marts: Mapping[str, str]


def ask(
    connection: duckdb.DuckDBPyConnection, question: Question, row_counts: Mapping[str, int]
) -> Answer:
    """Answer a question from an open release; `row_counts` are those of its marts.

    Raises:
        QuestionError: names the parameter that cannot be used, and what can.
    """
    made = plan(question, row_counts)
    try:
        table = connection.execute(made.sql, dict(made.parameters)).to_arrow_table()
    except (duckdb.ConversionException, duckdb.BinderException) as error:
        if question.cursor is None:
            raise
        detail = "is not one that a page gave; begin without one"
        raise QuestionError(parameter="cursor", detail=detail) from error
    table = narrowed(table)
    following = None
    if len(table) > question.limit:
        table = table.slice(0, question.limit)
        (last,) = table.slice(question.limit - 1, 1).to_pylist()
        following = encode(made.asked, last, made.order)
    is_suppressed = any(table["is_hidden"].to_pylist())
    return Answer(table.select(made.columns), following, is_suppressed, made.marts)


def plan(question: Question, row_counts: Mapping[str, int]) -> Plan:
    """Return the statement that answers a question, without asking it.

    Raises:
        QuestionError: names the parameter that cannot be used, and what can.
    """
    metrics = _checked(question)
    # Names of shows are joined to what is left of the rows.
    grouped = tuple(name for name in question.keys if name not in {PERIOD, "show_name"})
    is_dated = question.grain != "total" or (question.from_date or question.to_date) is not None
    cut = Cut(grouped, question.filters, question.grain, is_dated, question.time_zone)
    marts = {metric.name: choose(metric, cut, row_counts) for metric in metrics}
    spans = {"m": Span(question.from_date, question.to_date)}
    figures = {f"m{number}": metric.name for number, metric in enumerate(metrics)}
    if question.compared is not None:
        _require_whole_weeks(marts, question.compared)
        spans["c"] = question.compared
        figures |= {f"c{n}": f"{COMPARED}{metric.name}" for n, metric in enumerate(metrics)}
    bindings = Bindings()
    branches = [
        read(
            mart,
            {f"{letter}{n}": m for n, m in enumerate(metrics) if marts[m.name] == mart},
            cut=cut,
            span=span,
            smallest_group=question.smallest_group,
            bindings=bindings,
        )
        for letter, span in spans.items()
        for mart in dict.fromkeys(marts.values())
    ]
    columns = (*question.keys, *figures.values())
    order = _order(question, columns)
    asked = repr((replace(question, cursor=None, limit=0), order))
    key_count = len(grouped) + (question.grain != "total")
    rows = named(joined(branches, key_count, figures), question.keys, figures)
    sql = f"select * from ({rows}) as named"  # noqa: S608 - names of the registry only
    if question.cursor is not None:
        sql += f" where {after(order, decode(question.cursor, asked, len(order)), bindings)}"
    if order:
        sql += f" order by {', '.join(part.sql() for part in order)}"
    sql += f" limit {bindings.bind(question.limit + 1)}"
    names = tuple(part.column for part in order)
    return Plan(sql, bindings.values, columns, marts, names, asked)


def _order(question: Question, columns: tuple[str, ...]) -> tuple[Sorting, ...]:
    """Return what to order by; the keys come last, so that no two rows tie."""
    order: dict[str, bool] = {}
    for given in question.order:
        name = given.removeprefix("-")
        if name not in columns or name in order:
            raise QuestionError(
                parameter="sort", detail=f"{given!r} is not, once, one of {', '.join(columns)}"
            )
        order[name] = given != name
    order |= {key: False for key in question.keys if key not in order}
    return tuple(Sorting(name, descending=descending) for name, descending in order.items())


def _checked(question: Question) -> list[Metric]:
    """Return the metrics of a question that the registry knows all names of.

    Raises:
        QuestionError: it does not, or the question contradicts itself.
    """
    registry = {metric.name: metric for metric in load_metrics()}
    dimensions = {name for mart in load_marts().values() for name in dimensions_of(mart)}
    if not question.metrics:
        raise QuestionError(parameter="metrics", detail="name at least one")
    _require_known("metrics", question.metrics, registry)
    _require_known("dimensions", question.dimensions, dimensions)
    _require_known("filters", tuple(question.filters), dimensions)
    for name, values in question.filters.items():
        if not 0 < len(values) <= _MOST["values"]:
            raise QuestionError(
                parameter="filters", detail=f"{name}: give 1 to {_MOST['values']} values"
            )
    _require_known("grain", (question.grain,), GRAINS)
    if question.compare is not None:
        _require_known("compare", (question.compare,), COMPARISONS)
        if question.from_date is None or question.to_date is None:
            raise QuestionError(parameter="compare", detail="needs from and to")
    first, end = question.from_date, question.to_date
    if first is not None and end is not None and first >= end:
        raise QuestionError(parameter="to", detail=f"{end} is not after from, {first}")
    if not 1 <= question.limit <= MOST_ROWS:
        raise QuestionError(
            parameter="limit", detail=f"{question.limit} is not between 1 and {MOST_ROWS}"
        )
    return [registry[name] for name in question.metrics]


def _require_known(parameter: str, names: Sequence[str], known: Collection[str]) -> None:
    if len(names) > _MOST.get(parameter, len(names)):
        raise QuestionError(
            parameter=parameter, detail=f"{len(names)} are more than {_MOST[parameter]}"
        )
    for name, count in Counter(names).items():
        if count > 1:
            raise QuestionError(parameter=parameter, detail=f"{name!r} is named {count} times")
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise QuestionError(
                parameter=parameter,
                detail=f"{name!r} is not known; {hint}There are: {', '.join(sorted(known))}",
            )


def _require_whole_weeks(marts: Mapping[str, str], compared: Span) -> None:
    for metric, mart in marts.items():
        if load_marts()[mart].period != "day" and compared.shift % _WEEK_DAYS:
            detail = f"{metric} is of whole weeks, and so must be the days from from to to"
            raise QuestionError(parameter="compare", detail=detail)
