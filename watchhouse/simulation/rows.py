"""Events as columns of numbers: what is passed from step to step before any text is made."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

CENTS_PER_MINUTE: Final = 100
"""Durations are whole hundredths of a minute, which are whole microseconds."""

MICROSECONDS_PER_CENT: Final = 600_000
SECONDS_PER_DAY: Final = 86_400


class Reason(IntFlag):
    """Why a row is invalid: the codes of the warehouse, as bits, for rows that break several."""

    MISSING_USER_ID = 1
    MISSING_SHOW_NAME = 2
    MISSING_WATCH_DATE = 4
    MISSING_WATCH_DURATION = 8
    UNPARSEABLE_WATCH_DATE = 16
    UNPARSEABLE_WATCH_DURATION = 32
    NEGATIVE_WATCH_DURATION = 64
    WATCH_DURATION_TOO_LONG = 128
    WATCH_DATE_IN_FUTURE = 256
    WATCH_DATE_TOO_EARLY = 512
    POSITIONS_OUT_OF_ORDER = 1024

    @property
    def code(self) -> str:
        """The reason as the warehouse writes it."""
        return str(self.name).lower()


class Fault(IntEnum):
    """Why a record cannot be split at all; 0 is a sound record."""

    NONE = 0
    COLUMN_COUNT = 1
    INVALID_QUOTING = 2
    INVALID_UTF8 = 3
    INVALID_JSON = 4
    NOT_AN_OBJECT = 5

    @property
    def code(self) -> str:
        """The reason as the loader writes it."""
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Events, one array each of the same length; -1 stands for a value that is not given.

    `user` counts from the first user of the chunk. `started` and `arrived` are seconds since 1970,
    `cents` hundredths of a minute, positions whole seconds. `item` and `spelling` index the
    catalogue's; `has_zone` tells `2026-01-05T20:15:00Z` from `2026-01-05 20:15:00`. `reasons` holds
    `Reason` bits, `fault` a `Fault`.
    """

    user: Integers
    event: Integers
    item: Integers
    spelling: Integers
    started: Integers
    cents: Integers
    position_start: Integers
    position_end: Integers
    device: Integers
    country: Integers
    profile: Integers
    arrived: Integers
    reasons: Integers
    fault: Integers
    has_show_id: Flags
    has_zone: Flags

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.user)

    def take(self, index: Integers | Flags) -> "Rows":
        """Return the rows at an array of positions, or those that a mask selects."""
        return Rows(**{column.name: getattr(self, column.name)[index] for column in fields(self)})


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, one after the other."""
    return Rows(
        **{
            column.name: np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(Rows)
        }
    )
