"""What a reader has chosen, and the controls to choose it; the address carries all of it.

Each control is bound to a parameter of the address, which is left out while the control stands at
its default. A value that the address names and the release does not know is as if it were not
there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Final, Literal
from zoneinfo import available_timezones

import streamlit as st

from dashboard import choices
from dashboard.definitions import MEASURES
from watchhouse.questions import Comparison

UNKNOWN: Final = "Not known"
"""What a filter calls rows whose value is not known."""
REPORTING: Final = "Reporting days"
_PRESETS: Final[Mapping[str, int]] = {
    "Last day": 1,
    "Last 7 days": 7,
    "Last 14 days": 14,
    "Last 28 days": 28,
    "Last 91 days": 91,
    "Last 364 days": 364,
}
_PRESET: Final = "Last 14 days"
_ALL: Final = "All days"
_CUSTOM: Final = "From … to …"
_COMPARISONS: Final[Mapping[str, Comparison | None]] = {
    "Previous period": "previous",
    "A year before": "year",
    "Nothing": None,
}
_FILTERS: Final[Mapping[str, str]] = {
    "country": "Country",
    "device": "Device",
    "content_type": "Type",
    "genre": "Genre",
}
_VIEW: Final = "view"


@dataclass(frozen=True)
class View:
    """Days from `first` to before `end`, and how they are to be looked at.

    `known_first` is the first day that the release knows; `smallest_group` is 0 where groups of any
    size may be shown.
    """

    first: date
    end: date
    known_first: date
    measure: Literal["hours_viewed", "plays"] = "hours_viewed"
    compare: Comparison | None = None
    time_zone: str | None = None
    filters: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    smallest_group: int = 0

    @property
    def clocks(self) -> str:
        """Say whose clocks and days are meant."""
        return self.time_zone or "reporting time zone"

    @property
    def day_count(self) -> int:
        """Return the number of days."""
        return (self.end - self.first).days

    @property
    def compared(self) -> tuple[date, date] | None:
        """Return the days compared with; None where the release does not know all of them."""
        if self.compare is None:
            return None
        shift = timedelta(days=self.day_count if self.compare == "previous" else 364)
        first = self.first - shift
        return None if first < self.known_first else (first, self.end - shift)

    def with_filters(self, **filters: tuple[str | None, ...]) -> "View":
        """Return the same with more filters."""
        return replace(self, filters={**self.filters, **filters})


def choose(*, smallest_group: int) -> View | None:
    """Show the controls in the sidebar and return what they say; None when nothing was played."""
    known = choices.known_days()
    if known is None:
        st.session_state[_VIEW] = None
        return None
    with st.sidebar:
        measure = st.segmented_control(
            "Measure",
            MEASURES,
            default=MEASURES[0],
            format_func=lambda name: {"hours_viewed": "Hours", "plays": "Plays"}[name],
            required=True,
            key="measure",
            bind="query-params",
            width="stretch",
        )
        first, end = _days(known)
        comparison = st.selectbox(
            "Compare with", tuple(_COMPARISONS), key="compare", bind="query-params"
        )
        filters = {
            name: tuple(None if value == UNKNOWN else value for value in chosen)
            for name in _FILTERS
            if (chosen := _filter(name))
        }
        zone = st.selectbox("Time zone", (REPORTING, *_zones()), key="tz", bind="query-params")
    view = View(
        first=first,
        end=end,
        known_first=known.first,
        measure="plays" if measure == "plays" else "hours_viewed",
        compare=_COMPARISONS[comparison],
        time_zone=None if zone == REPORTING else zone,
        filters=filters,
        smallest_group=smallest_group,
    )
    st.session_state[_VIEW] = view
    return view


def current() -> View:
    """Return what was chosen; for the pages."""
    view: View = st.session_state[_VIEW]
    return view


def begin_with(key: str, value: str) -> None:
    """Let a control begin with a value that is no default: the address names it from the start."""
    if key not in st.session_state and key not in st.query_params:
        st.session_state[key] = value


def filter_texts(view: View) -> tuple[str, ...]:
    """Return each filter in words, `Country: DE, Not known`."""
    return tuple(
        f"{_FILTERS.get(name, name)}: {', '.join(value or UNKNOWN for value in values)}"
        for name, values in view.filters.items()
    )


def _days(known: choices.Days) -> tuple[date, date]:
    """Return the days chosen, the second one not among them.

    The presets leave the last day out, on which the data ends: held against whole days it would
    look like a fall.
    """
    preset = st.selectbox(
        "Days",
        (*_PRESETS, _ALL, _CUSTOM),
        index=tuple(_PRESETS).index(_PRESET),
        key="days",
        bind="query-params",
        help="Whole days: the one that the data ends on is only in *All days* and *From … to …*.",
    )
    if preset == _ALL:
        return known.first, known.end
    whole_end = max(known.last, known.first + timedelta(days=1))
    if preset != _CUSTOM:
        return whole_end - timedelta(days=_PRESETS[preset]), whole_end
    start = max(known.first, whole_end - timedelta(days=_PRESETS[_PRESET]))
    chosen = st.date_input(
        "From and to",
        (start, whole_end - timedelta(days=1)),
        min_value=known.first,
        max_value=known.last,
        key="between",
        bind="query-params",
    )
    # While only one of the two is chosen, the other is the same day.
    ends = chosen if isinstance(chosen, tuple) else (chosen,)
    if not ends:
        return known.first, known.end
    return ends[0], ends[-1] + timedelta(days=1)


def _filter(name: str) -> list[str]:
    found = choices.values(name)
    return st.multiselect(
        _FILTERS[name],
        [UNKNOWN if value is None else value for value in found],
        placeholder="All",
        key=name,
        bind="query-params",
    )


@cache
def _zones() -> tuple[str, ...]:
    """Return time zones by their places; those of the database without a place are left out."""
    return tuple(sorted(zone for zone in available_timezones() if _is_place(zone)))


def _is_place(zone: str) -> bool:
    area, _, place = zone.partition("/")
    return bool(place) and area not in {"Etc", "SystemV", "US", "posix", "right"}
