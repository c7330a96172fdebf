"""What a number means, from the registry: the text of every tooltip."""

from functools import cache
from typing import Final

from watchhouse.metrics import Metric, load_metrics

MEASURES: Final = ("hours_viewed", "plays")
"""What the switch on every page chooses between."""

_SHORT: Final = {
    "avg_view_duration": "Minutes a play",
    "binge_share": "Binge share",
    "completion_rate_by_plays": "Completion",
    "dau": "Daily users",
    "mau": "Monthly users",
    "sessions_per_user": "Sessions a user",
    "wau": "Weekly users",
}


@cache
def registry() -> dict[str, Metric]:
    """Return every metric by its name."""
    return {metric.name: metric for metric in load_metrics()}


def label(name: str) -> str:
    """Return what a metric is called on a page."""
    metric = registry().get(name)
    return name.replace("_", " ").capitalize() if metric is None else metric.label


def unit(name: str) -> str:
    """Return the unit of a metric."""
    metric = registry().get(name)
    return "" if metric is None else metric.unit


def short(name: str) -> str:
    """Return what a metric is called where there is little room."""
    return _SHORT.get(name, label(name))


def explain(*names: str) -> str:
    """Return definition, formula and source of metrics, as Markdown."""
    return "\n\n---\n\n".join(_explain(registry()[name]) for name in names if name in registry())


def _explain(metric: Metric) -> str:
    return "\n\n".join(
        (
            f"**{metric.label}** (`{metric.name}`, {metric.unit})",
            metric.description,
            f"*Formula:* {metric.formula}",
            f"*Definition after:* {metric.source}",
            f"*Read from:* `{metric.mart}`, column `{metric.column}`, level {metric.level}",
        )
    )
