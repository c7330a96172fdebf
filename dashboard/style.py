"""What all charts share: sizes, the legend, the axis of time, and the last touch."""

from typing import Any, Final

import altair as alt

HEIGHT: Final = 280
GREY: Final = "#8a93a0"
ROW: Final = 26
"""Height of one bar that lies, in pixels."""
FONT: Final = 12
NAME_WIDTH: Final = 190
LEGEND: Final = alt.Legend(
    orient="top",
    title=None,
    symbolType="square",
    labelFontSize=FONT,
    # As many side by side as there is room for.
    columns=alt.ExprRef("max(2, floor(width / 110))"),
    labelLimit=140,
)


def time_axis(column: str) -> alt.X:
    """Return the axis of days."""
    axis = alt.Axis(
        title=None, format="%-d %b", labelOverlap=True, labelAngle=0, grid=False, tickCount=8
    )
    return alt.X(f"{column}:T", axis=axis, scale=alt.Scale(type="utc"))


def bands(column: str, unit: str) -> alt.X:
    """Return the axis of bars that stand for a day, a week or a month, named by its first day."""
    title = None if unit == "day" else f"{unit.capitalize()} from"
    axis = alt.Axis(title=title, format="%-d %b", labelOverlap=True, labelAngle=0)
    return alt.X(f"{column}:O", timeUnit="utcyearmonthdate", axis=axis)


def day_tooltip(column: str) -> alt.Tooltip:
    """Return the day where the reader points."""
    return alt.Tooltip(
        f"{column}:T", title="Day", format="%a %-d %b %Y", timeUnit="utcyearmonthdate"
    )


def finished(chart: Any, *, height: int = HEIGHT) -> alt.Chart:  # noqa: ANN401 - kinds of charts
    """Return the chart with the height and the axes of all."""
    finished: alt.Chart = (
        chart.properties(height=height)
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelFontSize=FONT,
            titleFontSize=FONT,
            titleFontWeight="normal",
            tickSize=0,
            domain=False,
            labelPadding=6,
            titlePadding=10,
        )
    )
    return finished
