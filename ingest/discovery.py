"""Paths as given on the command line, as a list of files."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.formats import is_known
from watchhouse.layout import Home


def find_files(paths: Sequence[str], home: Home) -> list[Path]:
    """Return the files that `paths` stand for, each once, folders and globs in sorted order.

    A folder stands for the files in it, at any depth, whose names tell a format; hidden files
    and what the lake itself has written are passed over. A path without a file is returned as it
    is: landing it says what is wrong. A name with `*`, `?` or `[` that exists is that file.
    """
    found: dict[Path, Path] = {}
    for text in paths:
        for path in _expand(text, home):
            found.setdefault(path.absolute(), path)
    return list(found.values())


def _expand(text: str, home: Home) -> Iterator[Path]:
    path = Path(text).expanduser()
    if path.is_dir():
        yield from _below(path, home)
    elif path.exists() or not glob.has_magic(text):
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
    for path in sorted(folder.rglob("*")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if path.is_file() and is_known(path):
            absolute = path.resolve()
            if not any(absolute.is_relative_to(mine.resolve()) for mine in own):
                yield path
