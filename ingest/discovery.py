"""Paths as given on the command line, as a list of files."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.formats import is_known
from watchhouse.errors import UsageError
from watchhouse.layout import Home


def find_files(paths: Sequence[str], home: Home) -> list[Path]:
    """Return the files that `paths` stand for, each once, folders and globs in sorted order.

    A folder stands for the files in it, at any depth, whose names tell a format; hidden files
    and what the lake itself has written are passed over. A path without a file is returned as it
    is: landing it says what is wrong; so is a folder that cannot be listed. A name with `*`, `?`
    or `[` that exists is that file.

    Raises:
        UsageError: a path is empty, as that of a variable that is not set.
    """
    found: dict[Path, Path] = {}
    for text in paths:
        for path in _expand(text, home):
            found.setdefault(path.absolute(), path)
    return list(found.values())


def _expand(text: str, home: Home) -> Iterator[Path]:
    if not text:
        message = "a path is empty; name a file, a folder or a glob"
        raise UsageError(message)
    path = Path(text)
    try:
        path = path.expanduser()
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, RuntimeError):
        # No such user, a name too long, a closed folder: landing it says which.
        yield path
        return
    if is_folder:
        yield from _below(path, home)
    elif exists or not glob.has_magic(text):
        yield path
    else:
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - `~` and `**` as in a shell
        if not matches:
            yield path
        for match in matches:
            if (inner := Path(match)).is_dir():
                yield from _below(inner, home)
            else:
                yield inner


def _below(folder: Path, home: Home) -> Iterator[Path]:
    own = [home.raw, home.build, home.releases, home.root / "spool"]
    closed: list[Path] = []
    found: list[Path] = []
    for at, inner, names in os.walk(
        folder, onerror=lambda error: closed.append(Path(error.filename))
    ):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [Path(at, name) for name in names if not name.startswith(".")]
    for path in sorted([*found, *closed]):
        if path in closed or (path.is_file() and is_known(path)):
            absolute = path.resolve()
            if not any(absolute.is_relative_to(mine.resolve()) for mine in own):
                yield path
