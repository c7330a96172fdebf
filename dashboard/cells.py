"""How columns of tables are written, each with what it means."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from dashboard.definitions import explain, label, unit
from dashboard.formats import SHARES
from dashboard.state import View

_DIGITS: Final = {"percent": 3}
"""Digits after the point by format; of all else one. Whole numbers stay whole."""


def number(name: str, title: str | None = None) -> Any:  # noqa: ANN401 - a dictionary of Streamlit's
    """Return a column of a metric of the registry."""
    return st.column_config.NumberColumn(
        title or label(name), help=explain(name), format=_format(unit(name))
    )


def bar(name: str) -> Any:  # noqa: ANN401 - as above
    """Return a column of a metric as bars, the longest for the greatest number."""
    return st.column_config.ProgressColumn(
        label(name), help=explain(name), format="localized", min_value=0
    )


def count(title: str, about: str = "") -> Any:  # noqa: ANN401 - as above
    """Return a column of whole numbers that are no metric."""
    return st.column_config.NumberColumn(title, help=about or None, format="localized")


def changed(view: View) -> Any:  # noqa: ANN401 - as above
    """Return the column of the relative change of the measure."""
    days = "previous period" if view.compare == "previous" else "year before"
    return st.column_config.NumberColumn(
        "Change",
        help=f"{label(view.measure)} against the {days}; empty where there is nothing to compare.",
        format="percent",
    )


def text(title: str, about: str = "", **options: Any) -> Any:  # noqa: ANN401 - as above
    """Return a column of words."""
    return st.column_config.TextColumn(title, help=about or None, **options)


def moment(title: str) -> Any:  # noqa: ANN401 - as above
    """Return a column of moments, UTC."""
    return st.column_config.DatetimeColumn(f"{title} (UTC)", format="D MMM YYYY, HH:mm")


def day(title: str) -> Any:  # noqa: ANN401 - as above
    """Return a column of days."""
    return st.column_config.DateColumn(title, format="ddd D MMM YYYY")


def _format(of: str) -> str:
    if of in SHARES:
        return "percent"
    return "localized"


def fitted(table: pa.Table, columns: Mapping[str, Any]) -> tuple[pa.Table, dict[str, Any]]:
    """Return the columns to show, rounded for the eye, and how each is written."""
    kept = [name for name in columns if name in table.column_names]
    shown = table.select(kept)
    config = {name: dict(columns[name]) for name in kept}
    for place, name in enumerate(kept):
        if not pa.types.is_floating(shown.schema.types[place]):
            continue
        kind = config[name].get("type_config") or {}
        rounded = pc.round(shown[name], ndigits=_DIGITS.get(str(kind.get("format")), 1))
        shown = shown.set_column(place, name, rounded)
        if kind.get("type") == "progress":
            config[name]["type_config"] = {**kind, "max_value": pc.max(rounded).as_py()}
    return shown, config
