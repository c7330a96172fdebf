"""The compiled SQL of a staging model, for other rows than those that it was compiled for."""

import re
from collections.abc import Iterable
from typing import Final

from watchhouse.marts import literal

_LANDED: Final = re.compile(r"landed as \(.*?\n\),", re.DOTALL)
_TEXT: Final = r"'(?:[^']|'')*'"
_FILES: Final = re.compile(
    rf"(landed as \(\s*select \*\s+from\s+read_\w+\(\s*)\[\s*{_TEXT}(?:,\s*{_TEXT})*\s*\]"
)


def with_parquet(sql: str, paths: Iterable[str]) -> str | None:
    """Return the SQL with its first expression, `landed`, reading these Parquet files.

    None if it has no such expression, so is not the SQL of a staging model.
    """
    files = ", ".join(map(literal, paths))
    return with_rows(sql, f"read_parquet([{files}], hive_partitioning = false)")


def with_files(sql: str, paths: Iterable[str]) -> str | None:
    """Return the SQL with its first expression, `landed`, reading other files as it reads its own.

    None if it reads none, or has no such expression.
    """
    files = ", ".join(map(literal, paths))
    changed, found = _FILES.subn(lambda match: f"{match[1]}[{files}]", sql, count=1)
    return changed if found else None


def with_rows(sql: str, source: str) -> str | None:
    """Return the SQL with its first expression, `landed`, reading a table of the same columns."""
    changed, found = _LANDED.subn(lambda _: f"landed as (select * from {source}),", sql, count=1)  # noqa: S608
    return changed if found else None
