"""Turns rows into the bytes of CSV or NDJSON records, a column at a time.

Almost every value comes from a small table of ready-made texts, so a record is a handful of
look-ups and one concatenation; only what is rare is made one by one.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchhouse.simulation.breakage import break_line
from watchhouse.simulation.catalog import Catalog
from watchhouse.simulation.population import COUNTRIES, DEVICES, PROFILES, Population, user_name
from watchhouse.simulation.rows import (
    CENTS_PER_MINUTE,
    SECONDS_PER_DAY,
    Flags,
    Integers,
    Reason,
    Rows,
)
from watchhouse.simulation.scenario import FileFormat, Scenario
from watchhouse.simulation.uuids import uuids

COLUMNS: Final = (
    "user_id",
    "event_id",
    "show_name",
    "show_id",
    "content_type",
    "season",
    "episode",
    "watch_date",
    "watch_duration_minutes",
    "device",
    "country",
    "profile_id",
    "position_start_seconds",
    "position_end_seconds",
)

HEADERS: Final[dict[FileFormat, bytes]] = {
    "csv": (",".join(COLUMNS) + "\n").encode(),
    "ndjson": b"",
}

_ENDS: Final[dict[FileFormat, str]] = {"csv": "\n", "ndjson": "}\n"}
_BLANKS: Final = (None, "   ")
_BAD_DATES: Final = ("soon", "2026-13-40T20:15:00Z", "2026-02-30 20:15:00", "20:15")
_BAD_DURATIONS: Final = ("a while", "1h30", "twenty", "12 min")
_DATE_REASONS: Final = (
    Reason.MISSING_WATCH_DATE
    | Reason.UNPARSEABLE_WATCH_DATE
    | Reason.WATCH_DATE_IN_FUTURE
    | Reason.WATCH_DATE_TOO_EARLY
)
_DURATION_REASONS: Final = (
    Reason.MISSING_WATCH_DURATION
    | Reason.UNPARSEABLE_WATCH_DURATION
    | Reason.NEGATIVE_WATCH_DURATION
    | Reason.WATCH_DURATION_TOO_LONG
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_MINUTES: Final = 1_440
_DAYS_BEYOND_THE_LAST: Final = 3

Value = str | int | float | None


class Renderer:
    """Makes records of one scenario; keeps the tables of texts between chunks."""

    def __init__(self, scenario: Scenario, catalog: Catalog) -> None:
        """Prepare the tables that do not depend on the users."""
        self._format = scenario.file_format
        self._has_uuids = scenario.event_ids == "uuid"
        self._seed = scenario.seed
        self._first_day = scenario.opens // SECONDS_PER_DAY
        shows, items = catalog.shows, catalog.items
        owners = np.repeat(np.arange(len(shows)), catalog.spelling_count).tolist()
        named = [(name, shows[show]) for name, show in zip(catalog.spellings, owners, strict=True)]
        self._spellings = len(named)
        self._names = self._table(
            ("show_name", "show_id"),
            [
                *((name, None) for name, _ in named),
                *((name, show.show_id) for name, show in named),
                *((blank, None) for blank in _BLANKS),
            ],
        )
        self._items = self._table(
            ("content_type", "season", "episode"),
            [
                (shows[item.show].content_type, _given(item.season), _given(item.episode))
                for item in items
            ],
        )
        self._contexts = self._table(
            ("device", "country", "profile_id"),
            list(product((*DEVICES, None), COUNTRIES, (*PROFILES, None))),
        )
        # A text is cut around its changing middle: the date from the time, minutes from decimals.
        opening, closing = self._field("watch_date", "|").split("|")
        days = range(scenario.days + _DAYS_BEYOND_THE_LAST)
        self._days = _texts(f"{opening}{scenario.start + timedelta(days=day)}" for day in days)
        clock = [_clock(second) for second in range(SECONDS_PER_DAY)]
        self._clock = _texts(
            [*(f" {time}{closing}" for time in clock), *(f"T{time}Z{closing}" for time in clock)]
        )
        whole = self._field("watch_duration_minutes", 0).removesuffix("0")
        self._minutes = _texts(f"{whole}{minutes}" for minutes in range(_LONGEST_MINUTES + 1))
        self._decimals = _texts(_decimals(cents) for cents in range(CENTS_PER_MINUTE))
        self._positions: dict[str, pa.Array] = {}

    def render(self, people: Population, rows: Rows) -> "Lines":
        """Return the records of the rows, in order, each with its line end."""
        blank = rows.started % 2
        users = self._table(
            ("user_id",),
            [
                *((user_name(people.first + n),) for n in range(len(people.country))),
                *((blank_user,) for blank_user in _BLANKS),
            ],
        )
        names = rows.spelling + self._spellings * rows.has_show_id
        device, profile = rows.device % (len(DEVICES) + 1), rows.profile % (len(PROFILES) + 1)
        contexts = (device * len(COUNTRIES) + rows.country) * (len(PROFILES) + 1) + profile
        lines = _join(
            _look_up(users, np.where(rows.user < 0, len(people.country) + blank, rows.user)),
            self._events(rows.event),
            _look_up(self._names, np.where(rows.spelling < 0, 2 * self._spellings + blank, names)),
            _look_up(self._items, rows.item),
            self._dates(rows),
            self._durations(rows),
            _look_up(self._contexts, contexts),
            self._position("position_start_seconds", rows.position_start),
            self._position("position_end_seconds", rows.position_end),
            _scalar(_ENDS[self._format]),
        )
        broken = rows.fault > 0
        faults = rows.fault[broken].tolist()
        sound = lines.filter(pa.array(broken)).to_pylist()
        return Lines(
            _replace(lines, broken, [break_line(*pair) for pair in zip(sound, faults, strict=True)])
        )

    def _field(self, name: str, value: Value) -> str:
        """Return a field with what stands before it in a record."""
        if self._format == "csv":
            lead = "" if name == COLUMNS[0] else ","
            return lead + _csv(value)
        if name == COLUMNS[0]:
            return f"{{{json.dumps(name)}:{json.dumps(value)}"
        if value is None:
            return ""
        return f",{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}"

    def _table(self, names: Sequence[str], values: Iterable[Sequence[Value]]) -> pa.Array:
        return _texts(
            "".join(self._field(name, value) for name, value in zip(names, row, strict=True))
            for row in values
        )

    def _events(self, event: Integers) -> pa.Array:
        opening, closing = self._field("event_id", "|").split("|")
        if self._has_uuids:
            ids = uuids(self._seed, event)
        else:
            opening += "e"
            ids = pc.cast(pc.cast(pa.array(event), pa.string()), pa.binary())
        told = _join(_scalar(opening), ids, _scalar(closing))
        untold = _scalar(self._field("event_id", None))
        return pc.if_else(pa.array(event >= 0), told, untold)

    def _dates(self, rows: Rows) -> pa.Array:
        is_odd = (rows.reasons & _DATE_REASONS) > 0
        day, second = np.divmod(np.where(is_odd, 0, rows.started), SECONDS_PER_DAY)
        day = np.where(is_odd, 0, day - self._first_day)
        usual = _join(
            _look_up(self._days, day),
            _look_up(self._clock, second + SECONDS_PER_DAY * rows.has_zone),
        )
        return self._replace_odd("watch_date", usual, is_odd, rows, _odd_date)

    def _durations(self, rows: Rows) -> pa.Array:
        is_odd = (rows.reasons & _DURATION_REASONS) > 0
        minutes, cents = np.divmod(np.where(is_odd, 0, rows.cents), CENTS_PER_MINUTE)
        usual = _join(_look_up(self._minutes, minutes), _look_up(self._decimals, cents))
        return self._replace_odd("watch_duration_minutes", usual, is_odd, rows, _odd_duration)

    def _replace_odd(
        self,
        name: str,
        usual: pa.Array,
        is_odd: Flags,
        rows: Rows,
        text: Callable[[Reason, int, int], Value],
    ) -> pa.Array:
        odd = zip(
            rows.reasons[is_odd].tolist(),
            rows.started[is_odd].tolist(),
            rows.cents[is_odd].tolist(),
            strict=True,
        )
        fields = [
            self._field(name, text(Reason(reasons), started, cents)).encode()
            for reasons, started, cents in odd
        ]
        return _replace(usual, is_odd, fields)

    def _position(self, name: str, seconds: Integers) -> pa.Array:
        """Look the positions up in a table that grows to the furthest one seen."""
        table = self._positions.get(name)
        furthest = int(seconds.max(initial=0))
        if table is None or furthest + 2 > len(table):
            values = (None, *range(furthest + 1))
            table = self._positions[name] = self._table((name,), [(value,) for value in values])
        return _look_up(table, seconds + 1)


class Lines:
    """Records in one stretch of memory."""

    def __init__(self, lines: pa.Array) -> None:
        """Wrap a binary Arrow array with one record each, line ends included."""
        _, offsets, data = lines.buffers()
        self._offsets = np.frombuffer(offsets, dtype=np.int32)[lines.offset :]
        self._data = memoryview(data)

    def between(self, first: int, last: int) -> memoryview:
        """Return the bytes of the records from `first` up to but without `last`."""
        return self._data[self._offsets[first] : self._offsets[last]]


def _given(number: int) -> int | None:
    return number if number >= 0 else None


def _csv(value: Value) -> str:
    text = "" if value is None else str(value)
    if any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _decimals(cents: int) -> str:
    return f".{cents:02d}".rstrip("0") if cents else ""


def _odd_date(reasons: Reason, started: int, cents: int) -> Value:
    if Reason.MISSING_WATCH_DATE in reasons:
        return None
    if Reason.UNPARSEABLE_WATCH_DATE in reasons:
        return _BAD_DATES[cents % len(_BAD_DATES)]
    return f"{_EPOCH + timedelta(seconds=started):%Y-%m-%dT%H:%M:%SZ}"


def _odd_duration(reasons: Reason, started: int, cents: int) -> Value:
    if Reason.MISSING_WATCH_DURATION in reasons:
        return None
    if Reason.UNPARSEABLE_WATCH_DURATION in reasons:
        return _BAD_DURATIONS[started % len(_BAD_DURATIONS)]
    return cents / CENTS_PER_MINUTE


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array([value.encode() for value in values], pa.binary())


def _look_up(table: pa.Array, index: Integers) -> pa.Array:
    return pc.take(table, pa.array(index))


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text.encode(), pa.binary())


def _join(*parts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*parts, _scalar(""))


def _replace(texts: pa.Array, mask: Flags, by: Sequence[bytes]) -> pa.Array:
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(by, pa.binary())) if by else texts
