"""The version of the code that builds the marts: equal versions give comparable results."""

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import duckdb

PROJECT: Final = Path(__file__).resolve().parents[1]
"""The checkout that holds the dbt project; the package is installed in place."""

_FOLDERS: Final = ("macros", "models", "seeds", "snapshots", "tests/generic", "tests/singular")
_SUFFIXES: Final = (".csv", ".sql", ".yml")

_Stamp = tuple[str, int, int]
"""Path of a file, and when it changed and how long it is: as long as both are, so is the rest."""


def code_version(project: Path = PROJECT) -> str:
    """Return 16 hex digits that change with any file that the build depends on.

    Documentation blocks (`.md`) do not count: they cannot change a row. Files are read again only
    when one of them has changed: a build asks several times.
    """
    stamps = [_stamp(project / "dbt_project.yml")]
    for folder in _FOLDERS:
        stamps += sorted(_stamps(project / folder))
    return _version(project, tuple(stamps))


@lru_cache(maxsize=8)
def _version(project: Path, stamps: tuple[_Stamp, ...]) -> str:
    digest = hashlib.sha256(duckdb.__version__.encode())
    for name, *_ in stamps:
        path = Path(name)
        digest.update(f"\0{path.relative_to(project).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _stamps(folder: Path | str) -> Iterator[_Stamp]:
    if not os.path.isdir(folder):  # noqa: PTH112 - a path of os.scandir
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _stamps(entry.path)
            elif entry.name.endswith(_SUFFIXES):
                found = entry.stat()
                yield entry.path, found.st_mtime_ns, found.st_size


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_size
