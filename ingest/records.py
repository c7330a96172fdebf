"""Records on their way through the loader, and those that are set aside."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024
"""Longer records are set aside. No viewing event comes near; a broken file may."""

MAX_REJECT_CHARACTERS: Final = 16_384
"""How much of a rejected record's text is kept."""

ReasonCode = Literal[
    "invalid_utf8",
    "column_count",
    "invalid_quoting",
    "invalid_json",
    "not_an_object",
    "record_too_large",
    "null_value",
    "unknown_signature",
]

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be split.

    `record` is its text, cut to a sane length; None where there is none.
    """

    position: int
    reason_code: ReasonCode
    record: str | None


def reject(position: int, reason_code: ReasonCode, text: bytes) -> Reject:
    """Make a reject; bytes that are not UTF-8 are shown as U+FFFD."""
    # Four bytes a character at most: never decode 200 MB to keep 16 kB.
    shown = text[: 4 * MAX_REJECT_CHARACTERS].decode("utf-8", "replace")
    return Reject(int(position), reason_code, shown[:MAX_REJECT_CHARACTERS])


@dataclass(frozen=True)
class Parsed:
    """Records of one block as text columns, one per name, in the order of the file."""

    names: tuple[str, ...]
    table: "pa.Table"
    positions: Integers
    rejects: tuple[Reject, ...]


@dataclass(frozen=True)
class Records:
    """Records in canonical columns, identifiers still as received, in the order of the file.

    `table` holds the columns of the stream and `extras`, all text.
    """

    table: "pa.Table"
    positions: Integers
    rejects: tuple[Reject, ...] = ()
