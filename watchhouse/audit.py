"""The record of reads of single users: one line each, in a file of the month."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from watchhouse.apikeys import append_lines


@dataclass(frozen=True)
class Read:
    """Somebody reads what is known of a user."""

    key_id: str
    """Who, as far as it is known."""
    user: str
    """Of whom, as pseudonym."""
    path: str
    """What."""
    at: datetime


def record_reads(folder: Path, reads: Sequence[Read]) -> None:
    """Note reads, those of one month in one write.

    Raises:
        OSError: they cannot be noted; then nothing may be told.
    """
    for month, those in groupby(reads, key=lambda read: f"{read.at.astimezone(UTC):%Y-%m}"):
        append_lines(folder / f"{month}.ndjson", b"".join(_line(read) for read in those))


def _line(read: Read) -> bytes:
    line = {
        "at": read.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "key_id": read.key_id,
        "user_id": read.user,
        "path": read.path,
    }
    return json.dumps(line).encode() + b"\n"
