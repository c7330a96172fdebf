"""Which mart answers for a metric, and the SQL that reads it.

A metric stands in one mart, and says the same in others (`also_in`); of those that can be cut as
asked, the one with the fewest rows is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from watchhouse.cursors import Bindings
from watchhouse.errors import QuestionError
from watchhouse.metrics import Mart, Metric, load_marts

Grain = Literal["day", "week", "month", "total"]
_ANSWERED: Final[Mapping[str, tuple[Grain, ...]]] = {
    "day": ("day", "week", "month", "total"),
    "week": ("week", "total"),
    "month": ("month", "total"),
}
"""Grains that the dates of a mart can be put together to."""
OF_SHOWS: Final = ("show_name", "genre")
"""Dimensions that `dim_shows` gives to every mart that has `show_id`."""
WEEK_STARTS_ON: Final = """coalesce(
    (
        select isodow(any_value(period_started_date))
        from rpt_lifecycle where period = 'week'
    ),
    1
)"""
"""The day that the weeks of a release begin on, 1 for Monday to 7 for Sunday, from one of them."""
_SLACK: Final = 2
"""Days by which the same moment may lie on other dates in two time zones, and one more."""


@dataclass(frozen=True)
class Span:
    """Reporting days from one to before another; None is open. Rows are put `shift` days later."""

    first: date | None
    end: date | None
    shift: int = 0


@dataclass(frozen=True)
class Cut:
    """How rows are cut: dimensions to group by, values to keep, and periods."""

    dimensions: tuple[str, ...]
    filters: Mapping[str, tuple[str | None, ...]]
    grain: Grain
    is_dated: bool
    """Whether days matter at all."""
    time_zone: str | None
    """None for the reporting time zone."""


def dimensions_of(mart: Mart) -> tuple[str, ...]:
    """Return what a mart can be grouped and filtered by, with what `dim_shows` adds."""
    added = OF_SHOWS if "show_id" in mart.dimensions else ()
    return (*mart.dimensions, *(name for name in added if name not in mart.dimensions))


def choose(metric: Metric, cut: Cut, row_counts: Mapping[str, int]) -> str:
    """Return the name of the smallest mart that answers; `row_counts` are those of a release.

    Raises:
        QuestionError: there is none; names what is asked too much, and what may be asked instead.
    """
    marts = load_marts()
    left = [name for name in (metric.mart, *metric.also_in) if name in row_counts]
    if not left:
        detail = f"{metric.name}: this release has no {metric.mart}; it comes with the next build"
        raise QuestionError(parameter="metrics", detail=detail)
    for parameter, holds, remedy in _DEMANDS:
        kept = [name for name in left if holds(marts[name], cut)]
        if not kept:
            detail = f"{metric.name} {remedy([marts[name] for name in left], cut)}"
            raise QuestionError(parameter=parameter, detail=detail)
        left = kept
    return min(left, key=lambda name: row_counts[name])


def read(  # noqa: PLR0913 - all by name
    name: str,
    metrics: Mapping[str, Metric],
    *,
    cut: Cut,
    span: Span,
    smallest_group: int,
    bindings: Bindings,
) -> str:
    """Return the SQL that reads one mart: keys `k0`, `k1` …, metrics by alias, and `is_hidden`.

    `is_hidden` tells that a row describes fewer users than `smallest_group`: then it has no
    figures.
    """
    mart = load_marts()[name]
    keys = []
    if cut.grain != "total":
        keys.append(_period(mart, cut, span, bindings))
    keys += cut.dimensions
    columns = [f"{key} as k{number}" for number, key in enumerate(keys)]
    columns += [f"{metric.sql} as {alias}" for alias, metric in metrics.items()]
    is_checked = smallest_group > 1 and mart.about_users
    if is_checked:
        # Where users cannot be told there may be a single one.
        bound = bindings.bind(smallest_group - 1)
        columns.append(f"coalesce({mart.users or 'min(1)'} between 1 and {bound}, false)")
    else:
        columns.append("bool_or(false)")
    columns[-1] += " as is_hidden"
    source = name
    if "genre" in cut.dimensions and "genre" not in mart.dimensions:
        source += (
            " left join (select show_id, unnest(genres) as genre from dim_shows) as of_genres"
            " using (show_id)"
        )
    kept = [*_within(mart, cut, span, bindings), *_matching(mart, cut, bindings)]
    where = f" where {' and '.join(kept)}" if kept else ""
    # All names are those of the registry.
    sql = f"select {', '.join(columns)} from {source}{where}"  # noqa: S608
    if keys:
        sql += " group by all"
    if not is_checked:
        return sql
    shown = [
        *(f"k{number}" for number in range(len(keys))),
        *(f"case when not is_hidden then {alias} end as {alias}" for alias in metrics),
        "is_hidden",
    ]
    return f"select {', '.join(shown)} from ({sql})"  # noqa: S608 - as above


def _day(mart: Mart, cut: Cut, bindings: Bindings) -> str:
    if cut.time_zone is None:
        return f"{mart.date_column}"
    zone = bindings.bind(cut.time_zone)
    return f"cast(timezone({zone}, timezone('UTC', {mart.time_column})) as date)"


def _period(mart: Mart, cut: Cut, span: Span, bindings: Bindings) -> str:
    day = _day(mart, cut, bindings)
    if span.shift:
        day = f"{day} + cast({bindings.bind(span.shift)} as integer)"
    if cut.grain == "week" and mart.period == "day":
        return f"{day} - cast((isodow({day}) - {WEEK_STARTS_ON} + 7) % 7 as integer)"
    return day if cut.grain != "month" else f"cast(date_trunc('month', {day}) as date)"


def _within(mart: Mart, cut: Cut, span: Span, bindings: Bindings) -> list[str]:
    """Return the conditions that keep the days of the span."""
    conditions = []
    for bound, sign, slack in ((span.first, ">=", -_SLACK), (span.end, "<", _SLACK)):
        if bound is None:
            continue
        if cut.time_zone is not None and mart.date_column is not None:
            # Days of other zones lie within these, and by these files are left out.
            outer = date.fromordinal(min(max(bound.toordinal() + slack, 1), date.max.toordinal()))
            conditions.append(f"{mart.date_column} {sign} {bindings.bind(outer)}")
        conditions.append(f"{_day(mart, cut, bindings)} {sign} {bindings.bind(bound)}")
    return conditions


def _matching(mart: Mart, cut: Cut, bindings: Bindings) -> list[str]:
    """Return the conditions that keep the values asked for."""
    conditions = []
    for name, values in cut.filters.items():
        known = [bindings.bind(value) for value in values if value is not None]
        listed = ", ".join(known)
        if name in mart.dimensions:
            # As text, so that no value can fail to be of the column's type.
            holds = [f"cast({name} as varchar) in ({listed})"] if known else []
            holds += [f"{name} is null"] if None in values else []
            conditions.append(f"({' or '.join(holds)})")
            continue
        if name == "genre":
            holds = [f"list_has_any(genres, [{listed}])"] if known else []
            holds += ["len(coalesce(genres, [])) = 0"] if None in values else []
        else:
            holds = [f"{name} in ({listed})"] if known else ["false"]
        shows = f"select show_id from dim_shows where {' or '.join(holds)}"  # noqa: S608 - own names
        conditions.append(f"show_id in ({shows})")
    return conditions


def _has_dimensions(mart: Mart, cut: Cut) -> bool:
    return set(cut.dimensions) <= set(dimensions_of(mart))


def _has_filters(mart: Mart, cut: Cut) -> bool:
    return cut.filters.keys() <= set(dimensions_of(mart))


def _has_dates(mart: Mart, cut: Cut) -> bool:
    return mart.date_column is not None or not cut.is_dated


def _is_fine_enough(mart: Mart, cut: Cut) -> bool:
    return not cut.is_dated or cut.grain in _ANSWERED[mart.period]


def _has_moments(mart: Mart, cut: Cut) -> bool:
    return cut.time_zone is None or not cut.is_dated or mart.time_column is not None


def _is_disjoint(mart: Mart, cut: Cut) -> bool:
    return all(
        name in cut.dimensions or len(cut.filters.get(name, ())) == 1 for name in mart.overlapping
    )


def _cuttable(marts: Sequence[Mart], _: Cut) -> str:
    """Say what else a metric can be cut by."""
    names = sorted({name for mart in marts for name in dimensions_of(mart)})
    return f"can be cut by {', '.join(names)}" if names else "cannot be cut"


def _together(marts: Sequence[Mart], cut: Cut) -> str:
    return f"{_cuttable(marts, cut)}, but not by all of this together"


def _undated(_: Sequence[Mart], __: Cut) -> str:
    return "is of the state at the release; leave from, to, grain and compare out"


def _coarse(marts: Sequence[Mart], _: Cut) -> str:
    grains = sorted({grain for mart in marts for grain in _ANSWERED[mart.period]})
    return f"is there by {', '.join(grains)}"


def _of_days(_: Sequence[Mart], cut: Cut) -> str:
    return (
        f"is counted by days of the reporting time zone, which cannot be cut anew for "
        f"{cut.time_zone}; leave tz out"
    )


def _overlaps(marts: Sequence[Mart], _: Cut) -> str:
    names = ", ".join(sorted({name for mart in marts for name in mart.overlapping}))
    return f"overlaps between values of {names}; take it as a dimension, or filter by one value"


_Demand = tuple[str, Callable[[Mart, Cut], bool], Callable[[Sequence[Mart], Cut], str]]
_DEMANDS: Final[tuple[_Demand, ...]] = (
    ("dimensions", _has_dimensions, _cuttable),
    ("filters", _has_filters, _together),
    ("from", _has_dates, _undated),
    ("grain", _is_fine_enough, _coarse),
    ("tz", _has_moments, _of_days),
    ("dimensions", _is_disjoint, _overlaps),
)
"""What a mart must have to answer: which parameter asks for it, and what to say if none has it."""
