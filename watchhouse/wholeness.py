"""Whether the lake has what a build is going to read, said before anything is built."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from watchhouse.errors import BuildError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, superseded

_STREAM = "watch_events"


def require_whole(
    home: Home,
    entries: Iterable[Entry],
    *,
    published: AbstractSet[str],
    anew: bool,
    without_lost: bool,
) -> None:
    """Make sure that every published batch is in the ledger, and each file to be read in its place.

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
    gone = superseded(known.values())
    for entry in known.values():
        is_read = anew or entry.stream != _STREAM or entry.batch_id not in published
        if is_read and entry.batch_id not in gone:
            _require_files(home, entry)


def _require_files(home: Home, entry: Entry) -> None:
    for stored in entry.files:
        path = home.root / stored.path
        if path.exists():
            continue
        remedy = "restore it from a copy"
        own = (
            home.ledger / f"ingest_date={entry.ingest_date.isoformat()}" / f"{entry.batch_id}.json"
        )
        if entry.source_kind == "file" and own.exists():
            remedy += f", or remove {own} and land the file again"
        message = (
            f"{path}: is gone, which has rows of batch {entry.batch_id} ({entry.source_uri}); "
            f"nothing was built. Please {remedy}."
        )
        raise BuildError(message)
