"""Where a page of rows ends and the next one begins: by the values of its last row.

A page read by position repeats or skips rows when something is published in between; one read by
the values of the last row does not. Rows are ordered by columns that tell them apart, null last.
"""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from watchhouse.errors import QuestionError
from watchhouse.marts import quote

Value = str | int | float | bool | None
_LARGEST: Final = 1 << 63


@dataclass(frozen=True)
class Sorting:
    """One column that rows are ordered by."""

    column: str
    descending: bool = False

    def sql(self) -> str:
        """Return it as part of `order by`."""
        return f"{quote(self.column)} {'desc' if self.descending else 'asc'} nulls last"


class Bindings:
    """Values for the parameters of a statement, as they come up."""

    def __init__(self) -> None:
        """Begin with none."""
        self.values: dict[str, Any] = {}

    def bind(self, value: object) -> str:
        """Return the parameter that stands for a value."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def after(order: Sequence[Sorting], values: Sequence[Value], bindings: Bindings) -> str:
    """Return the condition that holds for the rows after the one with these `values`."""
    alternatives = []
    equal: list[str] = []
    for sorting, value in zip(order, values, strict=True):
        column = quote(sorting.column)
        if value is None:
            # Nothing of this column comes after null.
            equal.append(f"{column} is null")
            continue
        bound = bindings.bind(value)
        sign = "<" if sorting.descending else ">"
        alternatives.append(
            " and ".join([*equal, f"({column} {sign} {bound} or {column} is null)"])
        )
        equal.append(f"{column} = {bound}")
    return " or ".join(f"({alternative})" for alternative in alternatives) or "false"


def encode(asked: str, row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the cursor behind a row of the answer to `asked`."""
    shown = [_digest(asked), *(_shown(row[name]) for name in names)]
    return base64.urlsafe_b64encode(json.dumps(shown).encode()).decode().rstrip("=")


def decode(cursor: str, asked: str, count: int) -> list[Value]:
    """Return the values of the row that a cursor stands behind.

    Raises:
        QuestionError: it is none of ours, or of another question.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, *values = json.loads(base64.urlsafe_b64decode(padded), parse_constant=_refuse)
        known = [_checked(value) for value in values]
    except (ValueError, TypeError, RecursionError) as error:
        detail = "is not one that a page gave; begin without one"
        raise QuestionError(parameter="cursor", detail=detail) from error
    if digest != _digest(asked) or len(known) != count:
        detail = "is of another question; begin without one"
        raise QuestionError(parameter="cursor", detail=detail)
    return known


def _digest(asked: str) -> str:
    return hashlib.blake2b(asked.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _shown(value: object) -> Value:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def _checked(value: object) -> Value:
    if isinstance(value, str):
        value.encode()
        if "\0" in value:
            raise ValueError(value)
        return value
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if value is None:
        return None
    raise TypeError(value)


def _refuse(constant: str) -> None:
    raise ValueError(constant)
