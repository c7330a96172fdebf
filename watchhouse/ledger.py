"""The ledger: one committed entry per batch. What it does not name does not count."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from watchhouse.errors import LakeError
from watchhouse.layout import Home
from watchhouse.storage import create_exclusively, make_folders

ENTRY_VERSION: Final = 1

_ORDER: Final = (
    "entry_version",
    "entry_kind",
    "batch_id",
    "stream",
    "source",
    "source_kind",
    "source_uri",
    "ingest_date",
    "landed_at",
    "content_hash",
    "mapping",
    "read_count",
    "rejected_count",
    "landed_count",
    "supersedes",
    "files",
    "reject_files",
)


@dataclass(frozen=True)
class StoredFile:
    """A Parquet file with rows of a batch; `path` is relative to the home, with forward slashes.

    `rows` are those of the batch, `bytes` those of the file: a compacted one is shared by batches.
    """

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Entry:
    """A landed batch. The read records are conserved: read = rejected + landed."""

    batch_id: str
    stream: str
    source: str
    source_kind: str
    source_uri: str
    landed_at: datetime
    content_hash: str
    mapping: Mapping[str, Any]
    read_count: int
    rejected_count: int
    landed_count: int
    supersedes: tuple[str, ...] = ()
    files: tuple[StoredFile, ...] = ()
    reject_files: tuple[StoredFile, ...] = ()
    kafka: Mapping[str, Any] | None = None
    """Of a batch from a topic: which offsets of which partition it holds, and what is missing."""
    replay_of: str | None = None
    """The batch whose records were taken back through the rules in this one."""
    revision: int = 0
    """How often the batch was written anew by compaction: of several entries the highest counts."""
    entry_kind: str = "batch"
    entry_version: int = field(default=ENTRY_VERSION)

    @property
    def paths(self) -> frozenset[str]:
        """The paths of all files of the batch, rejects included."""
        return frozenset(stored.path for stored in (*self.files, *self.reject_files))

    @property
    def ingest_date(self) -> date:
        """The UTC day on which the batch landed; part of its paths."""
        return self.landed_at.astimezone(UTC).date()

    def line(self) -> bytes:
        """Return the entry as stored: one JSON object on one line."""
        values = asdict(self)
        values["ingest_date"] = self.ingest_date.isoformat()
        values["landed_at"] = self.landed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        document = {name: values[name] for name in _ORDER}
        for name in ("kafka", "replay_of"):
            if values[name] is not None:
                document[name] = values[name]
        if self.revision:
            document["revision"] = self.revision
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def parse(cls, line: str) -> "Entry":
        """Read one line of the ledger.

        Raises:
            ValueError, KeyError, TypeError: the line is not an entry.
        """
        values = json.loads(line)
        del values["ingest_date"]
        values["landed_at"] = datetime.fromisoformat(values["landed_at"])
        values["supersedes"] = tuple(values["supersedes"])
        for name in ("files", "reject_files"):
            values[name] = tuple(StoredFile(**stored) for stored in values[name])
        return cls(**values)


class Ledger:
    """The entries below one home.

    Entries are immutable, so each file is read once per process: `refresh` costs a listing.
    """

    def __init__(self, home: Home) -> None:
        """Look at nothing yet: a home without a lake has an empty ledger."""
        self._home = home
        self._lines: dict[str, tuple[Entry, ...]] = {}
        """By path, as text: all of them are looked through at every look."""
        self._entries: dict[str, Entry] = {}
        self._places: dict[str, Path] = {}

    def refresh(self) -> None:
        """Read the entries that were committed since the last look.

        Raises:
            LakeError: a file in the ledger cannot be read as entries.
        """
        # A file that is gone was folded into another: that one is found by looking again.
        while not self._read_new():
            continue

    def _read_new(self) -> bool:
        is_whole = True
        for path in _files(self._home.ledger, but=self._lines.keys()):
            try:
                # Only a line feed ends an entry: names may hold U+2028, which JSON leaves as it is.
                lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
                entries = tuple(map(Entry.parse, lines))
            except FileNotFoundError:
                is_whole = False
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                message = (
                    f"{path}: is not a ledger entry that can be read ({error}). Restore it from a "
                    "copy: the batch that it names counts only while it is there."
                )
                raise LakeError(message) from error
            self._take(path, entries)
        return is_whole

    def _take(self, path: Path, entries: tuple[Entry, ...]) -> None:
        """Let the entries of a file count, but for those that another file has newer."""
        self._lines[str(path)] = entries
        for entry in entries:
            known = self._entries.get(entry.batch_id)
            if known is None or _is_newer(entry, known):
                self._entries[entry.batch_id] = entry
                self._places[entry.batch_id] = path

    def __len__(self) -> int:
        """Return how many batches the last `refresh` knew; they are only ever added."""
        return len(self._entries)

    def entries(self) -> Sequence[Entry]:
        """Return the entry of each batch as of the last `refresh`, oldest first."""
        return sorted(self._entries.values(), key=lambda entry: (entry.landed_at, entry.batch_id))

    def find(self, batch_id: str) -> Entry | None:
        """Return the entry of a batch, or None if it never landed."""
        return self._entries.get(batch_id)

    def effective(self, *, content_hash: str, stream: str) -> Sequence[Entry]:
        """Return the entries of this content that no other entry supersedes, oldest first."""
        gone = superseded(self._entries.values())
        return [
            entry
            for entry in self.entries()
            if entry.content_hash == content_hash
            and entry.stream == stream
            and entry.batch_id not in gone
        ]

    def is_named(self, batch_id: str) -> bool:
        """Tell whether any day's folder has an entry of this name, read or not.

        Costs one look per day, where `refresh` lists every entry; what is folded, it cannot tell.
        """
        try:
            return any((d / f"{batch_id}.json").exists() for d in self._home.ledger.iterdir())
        except FileNotFoundError:
            return False

    def commit(self, entry: Entry) -> bool:
        """Write the entry, which is the commit of its batch; False if it was already there."""
        folder = self._folder(entry.ingest_date)
        make_folders(folder)
        path = folder / f"{entry.batch_id}.json"
        created = create_exclusively(path, entry.line())
        if created:
            self._take(path, (entry,))
        return created

    def files_of(self, day: date) -> Sequence[Path]:
        """Return the files of the last `refresh` with entries of batches that landed on a day."""
        folder = self._folder(day)
        return sorted(path for path in map(Path, self._lines) if path.parent == folder)

    def fold(self, day: date, entries: Sequence[Entry]) -> bool:
        """Write one file with entries of a day, each of a new revision; False if it is there.

        This is the commit of a compaction: whoever sees the file reads these entries, whoever does
        not reads those before them, and nobody reads both.
        """
        revision = max(entry.revision for entry in entries)
        folder = self._folder(day)
        make_folders(folder)
        path = folder / f"compacted-{revision}.json"
        created = create_exclusively(path, b"".join(entry.line() for entry in entries))
        if created:
            self._take(path, tuple(entries))
        return created

    def outdated(self) -> Mapping[Path, "Outdated"]:
        """Return the files, as of the last `refresh`, whose every entry has a newer one."""
        return {
            Path(text): Outdated(entries, frozenset(self._places[e.batch_id] for e in entries))
            for text, entries in self._lines.items()
            if all(str(self._places[entry.batch_id]) != text for entry in entries)
        }

    def forget(self, path: Path) -> None:
        """Know nothing more of an outdated file, which is gone."""
        del self._lines[str(path)]

    def _folder(self, day: date) -> Path:
        return self._home.ledger / f"ingest_date={day.isoformat()}"


@dataclass(frozen=True)
class Outdated:
    """Entries of one file that no longer count, and the files with those that do."""

    entries: tuple[Entry, ...]
    heirs: frozenset[Path]


def _is_newer(entry: Entry, known: Entry) -> bool:
    if entry.revision != known.revision:
        return entry.revision > known.revision
    return entry.landed_at < known.landed_at


def _files(folder: Path, *, but: AbstractSet[str]) -> list[Path]:
    """Return the files below the ledger's folder but for some; none if there is no ledger yet.

    Names are compared as text: there may be ten thousand, and they are looked through often.

    Raises:
        LakeError: a folder cannot be listed; what is in it must not pass for never landed.
    """
    found: list[str] = []
    try:
        if not folder.exists():
            return []
        for at, _, names in os.walk(folder, onerror=_raise):
            own = [name for name in names if name.endswith(".json") and not name.startswith(".")]
            found += [path for name in own if (path := os.path.join(at, name)) not in but]  # noqa: PTH118
    except OSError as error:
        message = (
            f"{error.filename}: the ledger cannot be read ({error.strerror}); make it readable"
        )
        raise LakeError(message) from error
    return [Path(path) for path in sorted(found)]


def _raise(error: OSError) -> None:
    raise error


def superseded(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the ids of the batches that a later one replaced."""
    return frozenset(batch_id for entry in entries for batch_id in entry.supersedes)
