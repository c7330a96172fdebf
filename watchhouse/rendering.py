"""Query results as text: a table to look at, CSV and JSON for other programs.

CSV and JSON are written row by row, so a result of any size needs no memory. Dates and times are
ISO 8601; times with a zone are UTC. JSON numbers are exact: whole numbers and decimals keep every
digit, and what JSON has no number for (infinity, not a number) is null.
"""

import csv
import json
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, TextIO

import duckdb

_ROWS_AT_ONCE: Final = 10_000
_NUMBERS: Final = (int, float, Decimal)


@dataclass(frozen=True)
class Result:
    """Column names and rows that can be read once."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


def result_of(connection: duckdb.DuckDBPyConnection) -> Result:
    """Return the result of the statement that was executed last; no columns if it has none."""
    description = connection.description or []
    return Result(columns=[column[0] for column in description], rows=_fetch(connection))


def write_table(result: Result, output: TextIO) -> int:
    """Write aligned columns, whole values, all rows; return the number of rows."""
    rows = [[_plain(value) for value in row] for row in result.rows]
    texts = [["" if value is None else _line(_text(value)) for value in row] for row in rows]
    widths = [
        max([_width(name), *(_width(row[number]) for row in texts)])
        for number, name in enumerate(result.columns)
    ]
    right = [
        bool(rows) and all(_is_number(row[number]) or row[number] is None for row in rows)
        for number in range(len(widths))
    ]
    if result.columns:
        output.write(_aligned(result.columns, widths, right))
        output.write("-+-".join("-" * width for width in widths) + "\n")
    output.writelines(_aligned(row, widths, right) for row in texts)
    return len(texts)


def write_csv(result: Result, output: TextIO) -> int:
    """Write a header line and the rows; null is empty. Return the number of rows."""
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(result.columns)
    count = 0
    for row in result.rows:
        writer.writerow(
            ["" if value is None else _text(plain) for value in row for plain in (_plain(value),)]
        )
        count += 1
    return count


def write_json(result: Result, output: TextIO) -> int:
    """Write a list of row objects; return the number of rows."""
    names = [json.dumps(name, ensure_ascii=False) for name in _distinct(result.columns)]
    count = 0
    output.write("[")
    for row in result.rows:
        pairs = (f"{name}: {_json(_plain(value))}" for name, value in zip(names, row, strict=True))
        output.write(f"{',' if count else ''}\n{{{', '.join(pairs)}}}")
        count += 1
    output.write("\n]\n" if count else "]\n")
    return count


def _fetch(connection: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a database holds
    """Turn dates, times and other scalars into text; keep numbers, lists and mappings."""
    if value is None or isinstance(value, bool | int | float | Decimal | str):
        return value
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _duration(value: timedelta) -> str:
    """Return an ISO 8601 duration in days and seconds."""
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    seconds = f"{value.seconds}.{value.microseconds:06}".rstrip("0").rstrip(".")
    return f"{sign}P{value.days}DT{seconds}S"


def _text(value: Any) -> str:  # noqa: ANN401 - as `_plain` returns it
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return _json(value) if isinstance(value, list | dict) else str(value)


def _json(value: Any) -> str:  # noqa: ANN401 - as `_plain` returns it
    if isinstance(value, dict):
        items = (f"{json.dumps(k, ensure_ascii=False)}: {_json(v)}" for k, v in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value, ensure_ascii=False)


def _distinct(names: Sequence[str]) -> list[str]:
    """Give repeated names a number: an object must not lose a column."""
    taken: set[str] = set()
    result = []
    for name in names:
        candidate, number = name, 0
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        result.append(candidate)
    return result


def _is_number(value: Any) -> bool:  # noqa: ANN401 - as `_plain` returns it
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _aligned(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_right in zip(cells, widths, right, strict=True):
        gap = " " * (width - _width(cell))
        padded.append(gap + cell if is_right else cell + gap)
    return " | ".join(padded).rstrip() + "\n"


def _line(text: str) -> str:
    """Keep a value on its line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _width(text: str) -> int:
    """Return the number of terminal columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
