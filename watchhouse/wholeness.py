"""Whether the lake has what a build is going to read, said before anything is built."""

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import duckdb

from watchhouse.errors import BuildError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, superseded

_STREAM: Final = "watch_events"
_WHOLE: Final = (
    "select bit_xor(hash(part)) from read_parquet($path, hive_partitioning = false) as part"
)


def require_whole(
    home: Home,
    entries: Iterable[Entry],
    *,
    published: AbstractSet[str],
    anew: bool,
    without_lost: bool,
) -> None:
    """Make sure that every published batch is in the ledger, and each file to be read is whole.

    Of `published` batches a build reads the events again only if it makes everything `anew`;
    `without_lost` it does so without those that are gone.

    Raises:
        BuildError: one is gone; what can be done.
    """
    known = {entry.batch_id: entry for entry in entries}
    lost = sorted(published - known.keys())
    if lost and not without_lost:
        others = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        message = (
            f"{home.ledger}: the entry of batch {lost[0]}{others} is gone, which was published. "
            f"Restore {lost[0]}.json from a copy; to go on without its rows, run `watchhouse build "
            "--full-refresh`."
        )
        raise BuildError(message)
    for entry in _read(known.values(), published, anew=anew):
        _require_files(home, entry)


def require_readable(
    home: Home, entries: Collection[Entry], *, published: AbstractSet[str], anew: bool
) -> None:
    """Make sure, after a build that failed, that it was not for a file that cannot be read.

    Reads all that the build read: what is damaged inside, DuckDB does not name.

    Raises:
        BuildError: one is damaged; what can be done.
    """
    with duckdb.connect() as connection:
        for entry in _read(entries, published, anew=anew):
            for stored in entry.files:
                path = home.root / stored.path
                try:
                    connection.execute(_WHOLE, {"path": str(path)}).fetchall()
                except (duckdb.Error, UnicodeDecodeError) as error:
                    raise _error(home, entry, path, "is damaged") from error


def _read(
    entries: Collection[Entry], published: AbstractSet[str], *, anew: bool
) -> Iterator[Entry]:
    """Return the batches whose files a build reads."""
    gone = superseded(entries)
    for entry in entries:
        is_read = anew or entry.stream != _STREAM or entry.batch_id not in published
        if is_read and entry.batch_id not in gone:
            yield entry


def _require_files(home: Home, entry: Entry) -> None:
    for stored in entry.files:
        path = home.root / stored.path
        try:
            size = path.stat().st_size
        except FileNotFoundError as error:
            raise _error(home, entry, path, "is gone") from error
        if size != stored.bytes:
            what = f"is damaged, with {size} bytes instead of {stored.bytes}"
            raise _error(home, entry, path, what)


def _error(home: Home, entry: Entry, path: Path, what: str) -> BuildError:
    remedy = "restore it from a copy"
    own = home.ledger / f"ingest_date={entry.ingest_date.isoformat()}" / f"{entry.batch_id}.json"
    if entry.source_kind == "file" and not entry.revision and own.exists():
        remedy += f", or remove {own} and land {entry.source_uri} again, under the same mapping"
    return BuildError(
        f"{path}: {what}, which has rows of batch {entry.batch_id} ({entry.source_uri}); nothing "
        f"was published. Please {remedy}; then run `watchhouse build`."
    )
