"""`watchhouse files`: the current files of the raw lake, for Spark, Trino, Polars and others."""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from watchhouse.errors import WatchhouseError
from watchhouse.layout import Home
from watchhouse.ledger import Ledger, superseded
from watchhouse.settings import Settings

_STREAMS = ("watch_events", "catalog", "users")


@dataclass(frozen=True)
class CurrentFile:
    """A Parquet file: `rows` of current batches; those of `excluded_batches` are not to be read."""

    stream: str
    path: str
    rows: int
    bytes: int
    excluded_batches: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--stream", choices=_STREAMS, default="watch_events", help="default: watch_events"
    )
    parser.add_argument(
        "--json", action="store_true", help="with rows, bytes, and batches to leave out"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the absolute path of each file; an empty lake is no error."""
    files = current_files(settings.layout(), arguments.stream)
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(file) for file in files], indent=2) + "\n")
        return 0
    for file in files:
        if file.excluded_batches:
            message = (
                f"{file.path} also holds rows of a batch that was replaced by another. Run "
                "`watchhouse compact --all`, which parts them, or use --json, which says which "
                "rows to leave out."
            )
            raise WatchhouseError(message)
    sys.stdout.writelines(f"{file.path}\n" for file in files)
    return 0


def current_files(home: Home, stream: str) -> list[CurrentFile]:
    """Return the files that together hold each landed row of a stream once, oldest first.

    Raises:
        LakeError: the ledger cannot be read.
    """
    ledger = Ledger(home)
    ledger.refresh()
    entries = ledger.entries()
    gone = superseded(entries)
    rows: dict[str, int] = {}
    sizes: dict[str, int] = {}
    excluded: dict[str, list[str]] = {}
    for entry in entries:
        for stored in entry.files if entry.stream == stream else ():
            sizes[stored.path] = stored.bytes
            if entry.batch_id in gone:
                excluded.setdefault(stored.path, []).append(entry.batch_id)
            else:
                rows[stored.path] = rows.get(stored.path, 0) + stored.rows
    return [
        CurrentFile(
            stream, str(Path(home.root, path)), count, sizes[path], tuple(excluded.get(path, ()))
        )
        for path, count in rows.items()
    ]
