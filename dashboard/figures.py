"""Single figures with the way they came: value, compared value, and one value per period."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa

from dashboard import reads
from dashboard.definitions import unit
from dashboard.formats import amount, change, days
from dashboard.reads import Sheet, UnanswerableError
from dashboard.state import View
from watchhouse.errors import QuestionError
from watchhouse.questions import COMPARED, Question
from watchhouse.slices import Grain

_WEEKLY_FROM: Final = 120
"""Days from which a line has a point a week instead of one a day."""


@dataclass(frozen=True)
class Figure:
    """One figure, as text. `change` is None where there is nothing to compare with."""

    name: str
    value: str
    change: str | None = None
    line: tuple[float, ...] = ()
    note: str = ""
    """Why the value is not known."""


@dataclass(frozen=True)
class Asked:
    """A question of a page: metrics by dimensions by grain, of the view's days and filters."""

    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    grain: Grain = "total"
    order: tuple[str, ...] = ()
    limit: int = 1000
    is_compared: bool = False
    without: tuple[str, ...] = field(default=())
    """Filters that the question leaves out."""


def sheet(view: View, asked: Asked) -> Sheet:
    """Answer a question; compared figures are columns that begin with `compared_`.

    Raises:
        UnanswerableError: no mart can be cut that way; the text says what can.
    """
    question, notes = _question(view, asked)
    try:
        answer = reads.ask(question)
    except QuestionError as error:
        raise UnanswerableError(_refusal(view, error)) from error
    table = answer.table
    if answer.is_suppressed:
        notes = (*notes, f"Figures of fewer than {view.smallest_group} users are left out.")
        table = table.filter(_has_figures(table, asked.metrics))
    return Sheet(table, notes)


def figures(view: View, names: Sequence[str]) -> list[Figure]:
    """Return a figure for each metric; one that cannot be cut as asked says so."""
    refused = {name: reason for name in names if (reason := _refused(view, name))}
    left = tuple(name for name in names if name not in refused)
    row: dict[str, Any] = {}
    lines: dict[str, list[float]] = {}
    if left:
        rows = sheet(view, Asked(left, is_compared=True)).table.to_pylist()
        row = rows[0] if rows else {}
        by_period = sheet(view, Asked(left, grain=line_grain(view))).table
        lines = {name: [v for v in by_period[name].to_pylist() if v is not None] for name in left}
    return [
        Figure(
            name=name,
            value=amount(row.get(name), unit(name)),
            change=change(row.get(name), row.get(f"{COMPARED}{name}"), unit(name)),
            line=tuple(lines.get(name, ())),
            note=refused.get(name, ""),
        )
        for name in names
    ]


def by_period(view: View, *metrics: str, dimensions: tuple[str, ...] = ()) -> Sheet:
    """Return metrics of each day, or of each week where there are many days."""
    asked = Asked(
        metrics,
        dimensions,
        line_grain(view),
        limit=10_000,
        is_compared=not dimensions,
    )
    return sheet(view, asked)


def line_grain(view: View) -> Grain:
    """Return how far the points of a line are apart."""
    return "day" if view.day_count <= _WEEKLY_FROM else "week"


def comparison(view: View) -> str:
    """Say what is compared with what, or why nothing is."""
    if view.compare is None:
        return ""
    if view.compared is None:
        shift = timedelta(days=view.day_count if view.compare == "previous" else 364)
        wanted = days(view.first - shift, view.end - shift)
        return f"not compared with {wanted}: the data begins on {days_of(view)}"
    return f"compared with {days(*view.compared)}"


def days_of(view: View) -> str:
    """Write the first day that the release knows."""
    return days(view.known_first, view.known_first + timedelta(days=1))


def listed(table: pa.Table, column: str) -> list[Any]:
    """Return the values of a column."""
    values: list[Any] = table[column].to_pylist()
    return values


def _has_figures(table: pa.Table, metrics: Sequence[str]) -> pa.Array:
    """Return for each row whether any of its metrics is known."""
    rows = zip(*(table[name].to_pylist() for name in metrics), strict=True)
    return pa.array([any(value is not None for value in row) for row in rows], pa.bool_())


def _question(view: View, asked: Asked) -> tuple[Question, tuple[str, ...]]:
    """Return the question in full; without the time zone where no mart can be cut by it."""
    filters = {name: kept for name, kept in view.filters.items() if name not in asked.without}
    question = Question(
        metrics=asked.metrics,
        dimensions=asked.dimensions,
        grain=asked.grain,
        from_date=view.first,
        to_date=view.end,
        time_zone=view.time_zone,
        compare=view.compare if asked.is_compared and view.compared else None,
        filters=filters,
        order=asked.order,
        limit=asked.limit,
        smallest_group=view.smallest_group,
    )
    refusal = reads.refusal(question)
    if refusal is None or refusal.parameter != "tz":
        return question, ()
    zoneless = replace(question, time_zone=None)
    return zoneless, ("By days of the reporting time zone: these figures know no other.",)


def _refused(view: View, name: str) -> str:
    question, _ = _question(view, Asked((name,), is_compared=True))
    refusal = reads.refusal(question)
    return "" if refusal is None else _refusal(view, refusal)


def _refusal(view: View, error: QuestionError) -> str:
    if error.parameter == "filters" and view.filters:
        return f"Not kept by {', '.join(view.filters).replace('_', ' ')}: {error.detail}."
    return f"{error.detail[:1].upper()}{error.detail[1:]}."
