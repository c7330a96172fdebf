"""The charts, in one visual language.

Colours are left to the theme, so that light and dark follow the reader's choice at once: the first
categorical colour for what is meant, grey and dashed for what it is compared with. Units stand on
axes, thousands are set apart, and nothing is stacked that does not add up. Each function takes an
Arrow table whose columns it names, and returns a chart as wide as its place.
"""

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import pyarrow as pa

from dashboard.measures import Measure
from dashboard.style import FONT, GREY, HEIGHT, LEGEND, day_tooltip, finished, time_axis


def trend(
    table: pa.Table, measure: Measure, *, time: str, compared: str | None = None
) -> alt.Chart:
    """Draw a number over time, and the same of other days as a dashed line behind it."""
    base = alt.Chart(table).encode(x=time_axis(time))
    tooltip = [day_tooltip(time), measure.tooltip()]
    layers = []
    if compared is not None and compared in table.column_names:
        other = Measure(compared, measure.label, measure.unit)
        tooltip.append(other.tooltip("Compared"))
        layers.append(
            base.mark_line(strokeDash=[4, 4], color=GREY, strokeWidth=1.5).encode(
                y=alt.Y(f"{compared}:Q")
            )
        )
    y = alt.Y(f"{measure.column}:Q", axis=measure.axis(tickCount=5), scale=alt.Scale(zero=True))
    layers.append(base.mark_area(opacity=0.12, line=False).encode(y=y))
    layers.append(base.mark_line(strokeWidth=2.25).encode(y=y))
    layers.append(_pointer(base, y, tooltip))
    return finished(alt.layer(*layers))


def lines(
    table: pa.Table, measure: Measure, *, time: str, series: str, order: Sequence[str] | None = None
) -> alt.Chart:
    """Draw a number over time, one line for each value of `series`."""
    color = alt.Color(f"{series}:N", legend=LEGEND, sort=list(order) if order else "ascending")
    base = alt.Chart(table).encode(
        x=time_axis(time),
        y=alt.Y(f"{measure.column}:Q", axis=measure.axis(tickCount=5)),
        color=color,
        tooltip=[
            day_tooltip(time),
            alt.Tooltip(f"{series}:N", title=" "),
            measure.tooltip(),
        ],
    )
    return finished(base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=24)))


def grid(  # noqa: PLR0913 - both axes have a name and an order
    table: pa.Table,
    measure: Measure,
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    x_order: Sequence[Any] | None = None,
    y_order: Sequence[Any] | None = None,
    height: int = HEIGHT,
    has_numbers: bool = False,
) -> alt.Chart:
    """Draw a number as the shade of a cell; cells that are not known stay empty."""
    base = alt.Chart(table).encode(
        x=alt.X(
            f"{x}:O",
            sort=list(x_order) if x_order else "ascending",
            axis=alt.Axis(title=x_title, labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y(
            f"{y}:O",
            sort=list(y_order) if y_order else None,
            axis=alt.Axis(title=y_title),
        ),
        tooltip=[
            alt.Tooltip(f"{y}:O", title=y_title),
            alt.Tooltip(f"{x}:O", title=x_title),
            measure.tooltip(),
        ],
    )
    legend = alt.Legend(
        title=measure.axis().title,
        format=measure.whole,
        orient="top",
        gradientLength=180,
        gradientThickness=10,
        titleFontSize=FONT,
    )
    # Numbers stand on shades that are light in both themes.
    shades = alt.Scale(zero=True, range=["#e3eff7", "#6aabd2"] if has_numbers else alt.Undefined)
    cells = base.mark_rect(cornerRadius=2).encode(
        color=alt.Color(f"{measure.column}:Q", legend=legend, scale=shades)
    )
    if not has_numbers:
        return finished(cells, height=height)
    numbers = base.mark_text(fontSize=11).encode(
        text=alt.Text(f"{measure.column}:Q", format=measure.format),
        color=alt.value("#10202c"),
    )
    return finished(alt.layer(cells, numbers), height=height)


def curve(
    table: pa.Table,
    measure: Measure,
    *,
    x: str,
    title: str,
    marks: Callable[[], pa.Table] | None = None,
) -> alt.Chart:
    """Draw a share that falls along `x`, in percent; `marks` are points worth a look."""
    axis = alt.Axis(title=title, values=list(range(0, 101, 10)), labelExpr="datum.label + '%'")
    base = alt.Chart(table).encode(
        x=alt.X(f"{x}:Q", axis=axis, scale=alt.Scale(domain=[0, 100])),
        y=alt.Y(f"{measure.column}:Q", axis=measure.axis(tickCount=5), scale=alt.Scale(zero=True)),
        tooltip=[alt.Tooltip(f"{x}:Q", title=title, format=".0f"), measure.tooltip()],
    )
    layers = [base.mark_area(opacity=0.12), base.mark_line(strokeWidth=2.25)]
    found = marks() if marks is not None else None
    if found is not None and len(found):
        points = alt.Chart(alt.InlineData(found.to_pylist())).encode(
            x=alt.X(f"{x}:Q"),
            y=alt.Y(f"{measure.column}:Q"),
            tooltip=[
                alt.Tooltip(f"{x}:Q", title=title, format=".0f"),
                alt.Tooltip("fall:Q", title="Falls by", format=".1%"),
            ],
        )
        layers.append(points.mark_point(filled=True, size=80, color="#d55e00", opacity=1))
    return finished(alt.layer(*layers))


def places(table: pa.Table, measure: Measure, *, time: str, series: str) -> alt.Chart:
    """Draw ranks over time, the first on top."""
    base = alt.Chart(table).encode(
        x=alt.X(
            f"{time}:O",
            timeUnit="utcyearmonthdate",
            axis=alt.Axis(title="Week from", format="%-d %b", labelAngle=0, labelOverlap=True),
        ),
        y=alt.Y(
            f"{measure.column}:Q",
            axis=measure.axis(values=list(range(1, 11)), labelOverlap=False, labelFlush=False),
            scale=alt.Scale(reverse=True, domain=[0.5, 10.5]),
        ),
        color=alt.Color(f"{series}:N", legend=LEGEND),
        tooltip=[day_tooltip(time), alt.Tooltip(f"{series}:N", title="Show"), measure.tooltip()],
    )
    chart = base.mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=90))
    return finished(chart, height=HEIGHT + 60)


def _pointer(base: alt.Chart, y: alt.Y, tooltip: list[alt.Tooltip]) -> alt.Chart:
    """Return points that show under the pointer, with what they say."""
    near = alt.selection_point(on="pointerover", nearest=True, empty=False, clear="pointerout")
    shown: alt.Chart = (
        base.mark_point(filled=True, size=70)
        .encode(
            y=y,
            opacity=alt.condition(near, alt.value(1), alt.value(0)),
            tooltip=tooltip,
        )
        .add_params(near)
    )
    return shown
