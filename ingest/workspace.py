"""Where a batch is written before it counts, and what a crash leaves of it."""

import contextlib
import fcntl
import json
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from watchhouse.layout import Home
from watchhouse.ledger import Ledger, StoredFile
from watchhouse.storage import make_folders, sync

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_LOCK: Final = "lock"
_INTENT: Final = "intent.json"


class Workspace:
    """A locked folder `raw/landing/<key>`: whoever holds it is the only one to land that content.

    Parts are written here, under names that no reader looks at; `publish` moves them to their
    place, and the ledger entry, written after that, makes them count. The intent, written before
    the first move, names the places: so that a crash between move and entry can be undone.
    """

    def __init__(self, home: Home, key: str, *, suffix: str = "") -> None:
        """Name the workspace; nothing is touched before it is entered.

        `suffix` ends the names of parts: two loaders that land the same batch in workspaces of
        their own must not write to one file.
        """
        self._home = home
        self._folder = home.landing / key
        self._suffix = suffix
        self._descriptor = -1

    @property
    def rows(self) -> Path:
        """Folder for parts of rows."""
        return self._folder / "rows"

    @property
    def rejects(self) -> Path:
        """Folder for parts of rejects; readable by the owner only."""
        return self._folder / "rejects"

    def acquire(self, *, wait: bool) -> bool:
        """Lock the folder, made if need be; without `wait`, return False if another holds it."""
        while True:
            make_folders(self._folder)
            try:
                descriptor = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            except FileNotFoundError:
                continue  # Its last holder has just removed it.
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not wait:
                    os.close(descriptor)
                    return False
                _LOGGER.info("another loader is landing the same content; waiting for it")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                held = os.fstat(descriptor).st_ino
                is_current = (self._folder / _LOCK).stat().st_ino == held
            except FileNotFoundError:
                is_current = False
            if is_current:
                self._descriptor = descriptor
                return True
            os.close(descriptor)

    def prepare(self, ledger: Ledger) -> None:
        """Undo what a crash left here, and make the folders to write to."""
        self._undo(ledger)
        self.rows.mkdir()
        self.rejects.mkdir(mode=0o700)

    def publish(
        self, *, batch_id: str | None, moves: Sequence[tuple[Path, Path, int]]
    ) -> tuple[StoredFile, ...]:
        """Move parts (from, folder, rows) to their places; without an id, those of many batches.

        They count once the ledger names them.
        """
        places = [folder / f"{part.stem}{self._suffix}{part.suffix}" for part, folder, _ in moves]
        intent = {
            "batch_id": batch_id,
            "files": [place.relative_to(self._home.root).as_posix() for place in places],
        }
        with (self._folder / _INTENT).open("w", encoding="utf-8") as handle:
            json.dump(intent, handle)
            handle.flush()
            os.fsync(handle.fileno())
        sync(self._folder)
        stored = []
        for place, (part, folder, rows) in zip(places, moves, strict=True):
            is_private = folder.is_relative_to(self._home.rejects)
            make_folders(folder, mode=0o700 if is_private else 0o777)
            part.rename(place)
            stored.append(
                StoredFile(
                    path=place.relative_to(self._home.root).as_posix(),
                    rows=rows,
                    bytes=place.stat().st_size,
                )
            )
        for folder in {folder for _, folder, _ in moves}:
            sync(folder)
        return tuple(stored)

    def release(self, ledger: Ledger) -> None:
        """Remove the folder, and whatever was moved for a batch that was not committed."""
        if self._descriptor < 0:
            return
        try:
            self._undo(ledger)
            # The lock goes last: an interrupted removal leaves a folder that can still be locked.
            (self._folder / _LOCK).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._folder.rmdir()  # Unless the next loader has already made its lock in it.
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _undo(self, ledger: Ledger) -> None:
        try:
            intent = json.loads((self._folder / _INTENT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            intent = None  # Nothing was moved before the intent was whole.
        if intent is not None:
            self._remove(intent, ledger)
        for folder in (self.rows, self.rejects):
            shutil.rmtree(folder, ignore_errors=True)
        (self._folder / _INTENT).unlink(missing_ok=True)

    def _remove(self, intent: dict[str, Any], ledger: Ledger) -> None:
        """Remove what was moved, but for the files that the ledger names."""
        batch_id: str | None = intent["batch_id"]
        if batch_id is None or ledger.find(batch_id) is None:
            ledger.refresh()
        entry = None if batch_id is None else ledger.find(batch_id)
        entries = ledger.entries() if batch_id is None else [entry] if entry is not None else []
        kept = frozenset[str]().union(*(entry.paths for entry in entries))
        for name in intent["files"]:
            if name not in kept:
                place = self._home.root / name
                place.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    place.parent.rmdir()  # Unless it holds what another loader has landed.


def sweep(home: Home, ledger: Ledger) -> int:
    """Remove what loaders that died have left; return how many there were.

    Only folders that nobody has locked are touched: their writers are gone.
    """
    count = 0
    for folder in sorted(home.landing.glob("*")):
        workspace = Workspace(home, folder.name)
        if workspace.acquire(wait=False):
            workspace.release(ledger)
            count += 1
    return count
