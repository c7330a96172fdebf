"""Writes that survive a crash: a file is whole under its final name, or it is not there."""

import errno
import os
import secrets
from collections.abc import Set as AbstractSet
from pathlib import Path

from watchhouse.errors import LakeError


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path, *, mode: int = 0o777) -> None:
    """Create `folder` and its missing parents, each name synced into the one above it."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for name in reversed(missing):
        name.mkdir(mode=mode, exist_ok=True)
        sync(name.parent)


def create_exclusively(path: Path, content: bytes, *, mode: int = 0o666) -> bool:
    """Create `path` with `content`, whole and synced; return False if it already exists.

    The content is written under a temporary name and hard-linked to the final one: that fails
    where the name is taken, and no reader ever sees half of it.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)
    return True


def files_below(folder: Path, *, ending: str, but: AbstractSet[str]) -> list[Path]:
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
            own = [name for name in names if name.endswith(ending) and not name.startswith(".")]
            found += [path for name in own if (path := os.path.join(at, name)) not in but]  # noqa: PTH118
    except OSError as error:
        message = (
            f"{error.filename}: the ledger cannot be read ({error.strerror}); make it readable"
        )
        raise LakeError(message) from error
    return [Path(path) for path in sorted(found)]


def _raise(error: OSError) -> None:
    raise error


def lake_error(
    error: OSError, home: Path, consequence: str = "nothing of this file was landed"
) -> LakeError:
    """Say what a failed write means for the user, whichever layer reported it."""
    # pyarrow raises OSError without errno in places; its text still carries the system's words.
    text = str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT} or "No space left" in text:
        return LakeError(
            f"{home}: the disk is full; {consequence}. "
            "Free some space and run the same command again."
        )
    if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
        return LakeError(
            f"{error.filename or home}: cannot be written ({error.strerror}); {consequence}. "
            "Make the home writable, or point WATCHHOUSE_HOME elsewhere."
        )
    return LakeError(f"{home}: cannot be written ({text}); {consequence}.")
