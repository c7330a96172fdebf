"""The ledger: one committed entry per batch. What it does not name does not count."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from math import inf
from pathlib import Path
from typing import Any, Final

from watchhouse.errors import LakeError
from watchhouse.layout import Home
from watchhouse.storage import create_exclusively, files_below, make_folders

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
        # Not `asdict`, which copies all that is inside: thousands of entries are folded at once.
        values = dict(vars(self))
        values["files"] = [vars(stored) for stored in self.files]
        values["reject_files"] = [vars(stored) for stored in self.reject_files]
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
        self._counting: dict[str, int] = {}
        """How many entries of each file count."""
        self._outdated: set[str] = set()

    def refresh(self) -> None:
        """Read the entries that were committed since the last look.

        Raises:
            LakeError: a file in the ledger cannot be read as entries.
        """
        # A file that is gone was folded into another: that one is found by looking again.
        while not self._read_new():
            continue

    def _read_new(self) -> bool:
        is_whole, is_folded = True, False
        for path in files_below(self._home.ledger, ending=".json", but=self._lines.keys()):
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
            is_folded = is_folded or len(entries) > 1
        if is_folded:
            # Who runs for days would else remember the originals of all that was folded.
            for path in [path for path in map(Path, self._outdated) if not path.exists()]:
                self.forget(path)
        return is_whole

    def _take(self, path: Path, entries: tuple[Entry, ...]) -> None:
        """Let the entries of a file count, but for those that another file has newer."""
        text = str(path)
        self._lines[text] = entries
        self._counting[text] = 0
        touched = {text}
        for entry in entries:
            known = self._entries.get(entry.batch_id)
            if known is None or _is_newer(entry, known):
                if known is not None:
                    touched.add(before := str(self._places[entry.batch_id]))
                    self._counting[before] -= 1
                self._entries[entry.batch_id] = entry
                self._places[entry.batch_id] = path
                self._counting[text] += 1
        self._outdated.update(place for place in touched if not self._counting[place])

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
        return self._create(folder / f"{entry.batch_id}.json", (entry,))

    def fold(self, day: date, entries: Sequence[Entry]) -> bool:
        """Write one file with entries of a day, each of a new revision; False if it is there.

        This is the commit of a compaction: whoever sees the file reads these entries, whoever does
        not reads those before them, and nobody reads both.
        """
        revision = max(entry.revision for entry in entries)
        folder = self._folder(day)
        make_folders(folder)
        return self._create(folder / f"compacted-{revision}.json", entries)

    def gather(self, folder: Path, entries: Iterable[Entry], *, revision: int) -> None:
        """Write one file with entries that others of its folder hold, as of a new revision.

        Its name was never used before: whoever has read a file does not read it again.
        """
        renewed = tuple(replace(entry, revision=revision) for entry in entries)
        self._create(folder / f"folded-{secrets.token_hex(8)}.json", renewed)

    def _create(self, path: Path, entries: Sequence[Entry]) -> bool:
        created = create_exclusively(path, b"".join(entry.line() for entry in entries))
        if created:
            self._take(path, tuple(entries))
        return created

    def counting(self, *, below: float = inf) -> Iterator[tuple[Path, tuple[Entry, ...]]]:
        """Yield the files of fewer entries than `below` that count, each with those that do."""
        for text, entries in self._lines.items():
            if len(entries) < below and (count := self._counting[text]):
                path, is_whole = Path(text), count == len(entries)
                yield path, tuple(e for e in entries if is_whole or self._is_at(path, e))

    def _is_at(self, path: Path, entry: Entry) -> bool:
        return self._places[entry.batch_id] == path

    def outdated(self) -> Mapping[Path, "Outdated"]:
        """Return the files, as of the last `refresh`, whose every entry has a newer one."""
        found = {}
        for text in sorted(self._outdated):
            entries = self._lines[text]
            heirs = frozenset(self._places[entry.batch_id] for entry in entries)
            found[Path(text)] = Outdated(entries, heirs)
        return found

    def forget(self, path: Path) -> None:
        """Know nothing more of an outdated file, which is gone."""
        del self._lines[str(path)], self._counting[str(path)]
        self._outdated.discard(str(path))

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


def superseded(entries: Iterable[Entry]) -> frozenset[str]:
    """Return the ids of the batches that a later one replaced."""
    return frozenset(batch_id for entry in entries for batch_id in entry.supersedes)
