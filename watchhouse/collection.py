"""Removing old releases, the files that only they needed, and what crashes left behind."""

import fcntl
import logging
import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from watchhouse.errors import WatchhouseError
from watchhouse.layout import Home
from watchhouse.manifests import LOCK_NAME, read_manifest

logger = logging.getLogger(__name__)


def sweep(home: Home) -> bool:
    """Remove what publications and collections that died left behind; say whether there was any.

    The caller holds the builder lock, so whatever has a temporary name belongs to nobody alive.
    """
    leftovers = [*home.releases.glob(".tmp-*"), *home.root.glob(".current-*")]
    for path in leftovers:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return bool(leftovers)


def collect(
    home: Home, *, keep: int, grace: timedelta, now: datetime, thorough: bool = False
) -> tuple[int, ...]:
    """Remove releases beyond the `keep` newest and return their numbers.

    A release stays while one of our readers holds it and, for readers that hold no lock, until
    `grace` after it stopped being the newest. Files of days that no release needs any more go
    too; `thorough` looks for such files everywhere instead of only in the removed releases. The
    caller holds the builder lock.

    Raises:
        WatchhouseError, OSError: what was not removed now is removed another time.
    """
    current = home.current.readlink().name if home.current.is_symlink() else None
    newest_first = release_ids(home)
    removed: list[Path] = []
    kept: list[Path] = []
    for position, release_id in enumerate(newest_first):
        folder = home.releases / str(release_id)
        if position < keep or folder.name == current:
            kept.append(folder)
            continue
        successor = home.releases / str(newest_first[position - 1])
        age = now.timestamp() - _replaced_at(successor, removed)
        taken = _take_away(folder) if age >= grace.total_seconds() else None
        if taken is None:
            kept.append(folder)
        else:
            removed.append(taken)
    if removed or thorough:
        _remove_parts(home, kept, removed, thorough=thorough)
    # Last: after a crash these folders tell the next sweep that files may have been left over.
    for folder in removed:
        shutil.rmtree(folder)
    return tuple(int(folder.name.split("-")[1]) for folder in removed)


def release_ids(home: Home) -> list[int]:
    """Return the numbers of the releases that are there, newest first."""
    if not home.releases.is_dir():
        return []
    names = [path.name for path in home.releases.iterdir() if path.name.isdigit()]
    return sorted(map(int, names), reverse=True)


def _replaced_at(successor: Path, removed: list[Path]) -> float:
    """Return when the release after ours came, in epoch seconds."""
    for folder in removed:
        if folder.name.split("-")[1] == successor.name:
            return folder.stat().st_mtime
    return successor.stat().st_mtime


def _take_away(folder: Path) -> Path | None:
    """Give the release a temporary name, so that nobody new opens it; None if it is in use."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        descriptor = None
    try:
        if descriptor is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return folder.rename(folder.with_name(f".tmp-{folder.name}-collected"))
    except BlockingIOError:
        return None
    finally:
        # A reader that waited for this very lock finds another name, and asks for the pointer anew.
        if descriptor is not None:
            os.close(descriptor)


def _remove_parts(home: Home, kept: list[Path], removed: list[Path], *, thorough: bool) -> None:
    needed: set[str] = set()
    for folder in kept:
        # Raises if it cannot be read: then nothing may be removed.
        needed |= read_manifest(folder).part_paths()
    candidates: set[str] = set()
    for folder in removed:
        try:
            candidates |= read_manifest(folder).part_paths()
        except WatchhouseError as error:
            logger.warning("files of a removed release may be left over: %s", error)
    if thorough:
        parts = home.releases / "parts"
        candidates |= {
            path.relative_to(home.root).as_posix() for path in parts.glob("*/*/*") if path.is_file()
        }
    for name in candidates - needed:
        path = home.root / name
        path.unlink(missing_ok=True)
        try:
            path.parent.rmdir()
        except OSError:
            # Not empty: other releases have files of this day.
            continue
