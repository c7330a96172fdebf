"""Charts as the browser takes them: what to draw and, beside it, the rows; each drawn once.

To draw a chart takes as long as all else on a page, so what was drawn of the same rows is kept.
"""

import io
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import altair as alt
import pyarrow as pa
import streamlit as st
from altair.utils import schemapi

from dashboard.measures import Measure

Draw = Callable[[pa.Table], alt.Chart]

ROWS: Final = "rows"
"""What a specification calls the table that it is drawn of."""
_KEPT: Final = 400
"""Charts kept; the eldest goes first."""
_KEPT_SECONDS: Final = 3600
_DRAWING: Final = threading.Lock()
"""What becomes of tables is the same for all charts of a process while one is drawn."""
_PLAIN: Final = (Measure, str, int, bool, type(None))


def show(draw: Draw, table: pa.Table, *, title: str) -> None:
    """Show a chart of a table, as wide as its place; `title` is what it is called when read out."""
    name = _name(draw)
    spec = _drawn(draw, table) if name is None else _kept(name, _bytes(table), draw, table)
    st.vega_lite_chart(
        spec={**spec, "datasets": {**spec.get("datasets", {}), ROWS: table}},
        width="stretch",
        alt=title,
    )


def _name(draw: Draw) -> str | None:
    """Return what tells a way to draw from all others; None where nothing does."""
    if not isinstance(draw, partial) or draw.args:
        return None
    values = [
        value
        for given in draw.keywords.values()
        for value in (given if isinstance(given, tuple | list) else (given,))
    ]
    if not all(isinstance(value, _PLAIN) for value in values):
        return None
    return f"{draw.func.__module__}.{draw.func.__qualname__} {draw.keywords!r}"


def _bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@st.cache_data(show_spinner=False, max_entries=_KEPT, ttl=_KEPT_SECONDS)
def _kept(name: str, rows: bytes, _draw: Draw, _table: pa.Table) -> dict[str, Any]:
    del name, rows  # what tells charts apart
    return _drawn(_draw, _table)


def _drawn(draw: Draw, table: pa.Table) -> dict[str, Any]:
    """Return the specification; held against the schema only where each of its parts is, too."""
    chart = draw(table)
    alt.data_transformers.register(ROWS, _named)
    with _DRAWING, alt.data_transformers.enable(ROWS):
        return chart.to_dict(validate=schemapi.DEBUG_MODE)


def _named(table: pa.Table) -> dict[str, str]:
    del table  # it comes beside the specification
    return {"name": ROWS}
