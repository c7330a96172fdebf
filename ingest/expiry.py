"""The text of rejected records is kept for a while, then forgotten; the count stays."""

import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from watchhouse.errors import LakeError
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.locks import file_lock
from watchhouse.storage import sync

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_MARK: Final = ".expired.json"


def expire_rejects(home: Home, ledger: Ledger, *, now: datetime, days: int) -> int:
    """Remove the text of records rejected more than `days` ago; return the files rewritten.

    A mark remembers how far this has come, so that history is not looked at again.

    Raises:
        LakeError: a file of rejects cannot be read.
        OSError: it cannot be written.
    """
    cutoff = now - timedelta(days=days)
    mark = home.rejects / _MARK
    done = _read_mark(mark)
    # Originals of what was compacted hold the text until they are removed.
    originals = [entry for outdated in ledger.outdated().values() for entry in outdated.entries]
    due = {
        home.root / stored.path: None
        for entry in (*ledger.entries(), *originals)
        if entry.reject_files and done < entry.landed_at <= cutoff
        for stored in entry.reject_files
    }
    if not due:
        return 0
    with holding_rejects(home, wait=False) as is_held:
        if not is_held:
            return 0  # They are being compacted; the next loader sees to it.
        count = 0
        for path in due:
            if path.exists():
                _forget_text(path, cutoff)
                count += 1
        temporary = mark.with_name(f"{_MARK}.{secrets.token_hex(8)}")
        temporary.write_text(json.dumps({"landed_until": cutoff.isoformat()}), encoding="utf-8")
        temporary.replace(mark)
    _LOGGER.info("removed the text of rejected records older than %d days", days)
    return count


@contextmanager
def holding_rejects(home: Home, *, wait: bool) -> Iterator[bool]:
    """Keep others from writing files of rejects anew: text that is forgotten must stay so.

    Without `wait`, yields False if others are at it.
    """
    with file_lock(home.locks / "rejects.lock", wait=wait) as is_held:
        yield is_held


def _read_mark(mark: Path) -> datetime:
    try:
        text = json.loads(mark.read_text(encoding="utf-8"))["landed_until"]
        return datetime.fromisoformat(text)
    except (OSError, ValueError, KeyError):
        return datetime.min.replace(tzinfo=UTC)  # Looking at all of them again does no harm.


def _forget_text(path: Path, cutoff: datetime) -> None:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        message = f"{path}: the rejects cannot be read ({error}); restore the file from a copy"
        raise LakeError(message) from error
    index = table.schema.get_field_index("record")
    # A compacted file holds the rejects of a day.
    is_younger = pc.greater(table.column("landed_at"), pa.scalar(cutoff, pa.timestamp("us", "UTC")))
    kept = pc.if_else(is_younger, table.column("record"), pa.scalar(None, pa.string()))
    table = table.set_column(index, "record", kept)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        temporary.touch(mode=0o600)
        pq.write_table(table, temporary, compression="zstd", store_schema=False)
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)
