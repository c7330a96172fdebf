"""Columns of numbers as charts know them: name, unit, and how they are written."""

from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from dashboard.definitions import label, unit
from dashboard.formats import SHARES

_FRACTIONS: Final = frozenset({"hours", "minutes", "ratio", "viewings", "days", "views"})


@dataclass(frozen=True)
class Measure:
    """A column of numbers: what it is called on the axis, and its unit."""

    column: str
    label: str
    unit: str

    @property
    def format(self) -> str:
        """Return how ticks are written."""
        return ".0%" if self.unit in SHARES else ",.12~g"

    @property
    def whole(self) -> str:
        """Return how the ends of a scale of shades are written."""
        return ".0%" if self.unit in SHARES else ",.0f"

    @property
    def exact(self) -> str:
        """Return how the number is written where the reader points."""
        return ".1%" if self.unit in SHARES else ",.1f" if self.unit in _FRACTIONS else ",.0f"

    def axis(self, **options: Any) -> alt.Axis:  # noqa: ANN401 - of Vega-Lite
        """Return an axis that says the unit."""
        title = self.label if self.unit in self.label.lower() else f"{self.label} ({self.unit})"
        if self.unit in SHARES:
            title = self.label
        return alt.Axis(title=title, format=self.format, **options)

    def tooltip(self, label: str | None = None) -> alt.Tooltip:
        """Return the number where the reader points."""
        return alt.Tooltip(f"{self.column}:Q", title=label or self.label, format=self.exact)


def measure(name: str) -> Measure:
    """Return a metric of the registry as a column of numbers."""
    return Measure(name, label(name), unit(name))
