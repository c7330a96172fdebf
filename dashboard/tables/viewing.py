"""What was watched, over time and by show."""

from dashboard.figures import Asked, by_period, sheet
from dashboard.reads import Sheet
from dashboard.state import View

TOP: int = 10


def over_time(view: View) -> Sheet:
    """Return the measure of each day or week, and of the days compared with."""
    return by_period(view, view.measure)


def top_shows(view: View) -> Sheet:
    """Return the shows with most of the measure."""
    asked = Asked(
        (view.measure,), ("show_name",), order=(f"-{view.measure}",), limit=TOP, is_compared=False
    )
    return sheet(view, asked)


def by_dimension(view: View, dimension: str) -> Sheet:
    """Return the measure by device, country or content type."""
    return sheet(view, Asked((view.measure,), (dimension,), order=(f"-{view.measure}",), limit=TOP))
