"""The compiled SQL of a staging model, for other files than those that it was compiled for."""

import re
from collections.abc import Iterable
from typing import Final

from watchhouse.marts import literal

_LANDED: Final = re.compile(r"landed as \(.*?\n\),", re.DOTALL)


def with_files(sql: str, paths: Iterable[str], *, where: str = "") -> str | None:
    """Return the SQL with its first expression, `landed`, reading other Parquet files.

    None if it has no such expression, so is not the SQL of a staging model.
    """
    files = ", ".join(map(literal, paths))
    rows = f"select * from read_parquet([{files}], hive_partitioning = false) {where}"  # noqa: S608
    changed, found = _LANDED.subn(lambda _: f"landed as ({rows}),", sql, count=1)
    return changed if found else None
