"""The version of the code that builds the marts: equal versions give comparable results."""

import hashlib
from pathlib import Path
from typing import Final

import duckdb

PROJECT: Final = Path(__file__).resolve().parents[1]
"""The checkout that holds the dbt project; the package is installed in place."""

_FOLDERS: Final = ("macros", "models", "seeds", "snapshots", "tests/generic", "tests/singular")
_SUFFIXES: Final = frozenset({".csv", ".sql", ".yml"})


def code_version(project: Path = PROJECT) -> str:
    """Return 16 hex digits that change with any file that the build depends on.

    Documentation blocks (`.md`) do not count: they cannot change a row.
    """
    digest = hashlib.sha256(duckdb.__version__.encode())
    paths = [project / "dbt_project.yml"]
    for folder in _FOLDERS:
        paths += sorted(p for p in (project / folder).rglob("*") if p.suffix in _SUFFIXES)
    for path in paths:
        digest.update(f"\0{path.relative_to(project).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
