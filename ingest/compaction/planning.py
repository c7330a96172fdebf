"""Which files of a day are worth merging."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.compaction.merging import Source
from watchhouse.ledger import Entry, StoredFile

SMALL_BYTES: Final = 64 * 1024 * 1024
"""Files from this size on are read at full speed as they are."""
FOLDER: Final = "batch=compacted-"
"""How the folders of merged files begin: engines that look at folders find the usual names."""
REJECTS: Final = "rejects"


@dataclass(frozen=True)
class Merge:
    """Files of one stream, or of rejects, that become one; rows of `only` these batches."""

    stream: str
    sources: Sequence[Source]
    only: frozenset[str]


def plan(entries: Sequence[Entry], *, gone: frozenset[str], root: Path) -> list[Merge]:
    """Return what to merge of the batches of a day; nothing if that was done already.

    Rows of batches that were superseded (`gone`) go to files of their own: then an engine that
    only knows files can read the others.
    """
    streams: dict[str, list[tuple[Entry, StoredFile]]] = {}
    for entry in entries:
        streams.setdefault(entry.stream, []).extend((entry, f) for f in entry.files)
        streams.setdefault(REJECTS, []).extend((entry, f) for f in entry.reject_files)
    merges = []
    for stream, held in sorted(streams.items()):
        files: dict[str, dict[str, int]] = {}
        small: set[str] = set()
        for entry, stored in held:
            files.setdefault(stored.path, {})[entry.batch_id] = stored.rows
            if stored.bytes < SMALL_BYTES:
                small.add(stored.path)
        mixed = {path for path, rows in files.items() if 0 < len(rows.keys() & gone) < len(rows)}
        of_current = [p for p in files if (p in small or p in mixed) and files[p].keys() - gone]
        of_gone = [p for p in files if (p in small or p in mixed) and files[p].keys() & gone]
        for paths, is_gone in ((of_current, False), (of_gone, True)):
            if _is_worth_it(paths, mixed):
                sources = [Source(root / path, files[path]) for path in paths]
                batches = frozenset(batch for path in paths for batch in files[path])
                merges.append(Merge(stream, sources, batches & gone if is_gone else batches - gone))
    return merges


def _is_worth_it(paths: Sequence[str], mixed: Iterable[str]) -> bool:
    """Tell whether files become fewer, or one is to be split."""
    is_new = any(FOLDER not in path for path in paths)
    return (is_new and len(paths) > 1) or bool(set(mixed) & set(paths))
