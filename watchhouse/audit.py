"""The record of reads of single users: one line each, in a file of the month."""

import json
from datetime import UTC, datetime
from pathlib import Path

from watchhouse.apikeys import append_line


def record_read(folder: Path, *, key_id: str, user: str, path: str, now: datetime) -> None:
    """Note that somebody reads what is known of a user, given as pseudonym.

    `key_id` says who, as far as it is known, and `path` what is read.

    Raises:
        OSError: it cannot be noted; then nothing may be told.
    """
    at = now.astimezone(UTC)
    line = {
        "at": at.isoformat(timespec="milliseconds"),
        "key_id": key_id,
        "user_id": user,
        "path": path,
    }
    append_line(folder / f"{at:%Y-%m}.ndjson", json.dumps(line).encode() + b"\n")
