"""Charts of bars, in the language that `charts` describes."""

from collections.abc import Sequence

import altair as alt
import pyarrow as pa

from dashboard.measures import Measure
from dashboard.style import LEGEND, NAME_WIDTH, ROW, bands, day_tooltip, finished


def ranked(
    table: pa.Table, measure: Measure, *, name: str, title: str, color: str | None = None
) -> alt.Chart:
    """Draw one bar that lies for each row, the longest on top, its number beside it."""
    base = alt.Chart(table).encode(
        y=alt.Y(
            f"{name}:N",
            sort=alt.EncodingSortField(measure.column, order="descending"),
            axis=alt.Axis(title=None, labelLimit=NAME_WIDTH, ticks=False, domain=False),
        ),
        x=alt.X(f"{measure.column}:Q", axis=measure.axis(tickCount=4, grid=True)),
        tooltip=[alt.Tooltip(f"{name}:N", title=title), measure.tooltip()],
    )
    chart = base.mark_bar(cornerRadiusEnd=3)
    if color is not None:
        chart = chart.encode(color=alt.Color(f"{color}:N", legend=LEGEND))
    return finished(chart, height=max(90, len(table) * ROW + 50))


def grouped(
    table: pa.Table,
    measure: Measure,
    *,
    y: str,
    series: str,
    order: Sequence[str],
) -> alt.Chart:
    """Draw for each value of `y` a bar for each of `series`, one below the other."""
    chart = (
        alt.Chart(table)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            y=alt.Y(
                f"{y}:N", sort=None, axis=alt.Axis(title=None, labelLimit=NAME_WIDTH, ticks=False)
            ),
            yOffset=alt.YOffset(f"{series}:N", sort=list(order)),
            x=alt.X(f"{measure.column}:Q", axis=measure.axis(tickCount=5, grid=True)),
            color=alt.Color(f"{series}:N", sort=list(order), legend=LEGEND),
            tooltip=[
                alt.Tooltip(f"{y}:N", title=" "),
                alt.Tooltip(f"{series}:N", title=" "),
                measure.tooltip(),
            ],
        )
    )
    return finished(chart, height=len(set(table[y].to_pylist())) * len(order) * 16 + 130)


def columns(
    table: pa.Table, measure: Measure, *, x: str, title: str, is_ordered: bool = True
) -> alt.Chart:
    """Draw one bar that stands for each row, in their order."""
    kind = "O" if is_ordered else "N"
    chart = (
        alt.Chart(table)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X(
                f"{x}:{kind}",
                sort=None,
                axis=alt.Axis(title=title, labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y(f"{measure.column}:Q", axis=measure.axis(tickCount=5)),
            tooltip=[alt.Tooltip(f"{x}:{kind}", title=title), measure.tooltip()],
        )
    )
    return finished(chart)


def stacked(  # noqa: PLR0913 - all by name
    table: pa.Table,
    measure: Measure,
    *,
    time: str,
    series: str,
    order: Sequence[str],
    unit: str = "day",
) -> alt.Chart:
    """Draw parts of a whole over time, a bar for each `unit`; parts below zero hang."""
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            x=bands(time, unit),
            y=alt.Y(f"{measure.column}:Q", axis=measure.axis(tickCount=5), stack="zero"),
            color=alt.Color(f"{series}:N", sort=list(order), legend=LEGEND),
            order=alt.Order("place:Q"),
            tooltip=[
                day_tooltip(time),
                alt.Tooltip(f"{series}:N", title=" "),
                measure.tooltip(),
            ],
        )
        .transform_calculate(place=f"indexof({list(order)}, datum['{series}'])")
    )
    return finished(chart)


def shares(
    table: pa.Table, measure: Measure, *, y: str, series: str, order: Sequence[str]
) -> alt.Chart:
    """Draw parts of a whole as one bar that lies for each value of `y`."""
    chart = (
        alt.Chart(table)
        .mark_bar()
        .encode(
            y=alt.Y(f"{y}:N", axis=alt.Axis(title=None, labelLimit=NAME_WIDTH)),
            x=alt.X(f"{measure.column}:Q", axis=measure.axis(tickCount=6, grid=True), stack="zero"),
            color=alt.Color(f"{series}:N", sort=list(order), legend=LEGEND),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip(f"{y}:N", title=" "),
                alt.Tooltip(f"{series}:N", title=" "),
                measure.tooltip(),
            ],
        )
        .transform_calculate(place=f"indexof({list(order)}, datum['{series}'])")
    )
    return finished(chart, height=len(set(table[y].to_pylist())) * 36 + 130)
