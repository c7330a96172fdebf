"""The immutable Parquet files of partitioned marts: one per mart, day and release that changed it.

A day's file is written again only when the day changed; otherwise the release points at the file
of an earlier release. So a publication costs what changed, whatever the length of the history.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from watchhouse.errors import PublishError
from watchhouse.layout import Home
from watchhouse.manifests import Part
from watchhouse.marts import Mart, literal, quote
from watchhouse.storage import make_folders

_LOSSY_TYPES: Final = ("HUGEINT", "BIGNUM", "BIT")
"""Types (HUGEINT covers UHUGEINT) that Parquet files would hold as something else."""


_FEW_DAYS: Final = 4
"""Up to so many days each is searched for in the mart itself; more are first sorted out."""


@dataclass(frozen=True)
class Column:
    """A column of a mart and its DuckDB type."""

    name: str
    type: str


class PartWriter:
    """Writes the parts of one publication and knows which files it made."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, home: Home, release_id: int) -> None:
        """Begin with nothing written; `connection` is to the build database."""
        self._connection = connection
        self._home = home
        self.release_id = release_id
        self.written: list[Path] = []

    def update(
        self,
        mart: Mart,
        columns: Sequence[Column],
        known: Mapping[date, Part],
        changed: Iterable[date],
    ) -> tuple[Part, ...]:
        """Return the parts that together hold the mart, writing those that no file holds yet.

        `known` are the parts of the last publication, `changed` the days touched since. Should
        both together not account for every row, each day is looked at.

        Raises:
            PublishError: a column has a type that Parquet cannot hold.
        """
        _require_lossless(mart, columns)
        kept = {day: part for day, part in known.items() if (self._home.root / part.path).exists()}
        stale = set(changed) | (known.keys() - kept.keys())
        fresh = self._write(mart, stale)
        parts = {**{day: part for day, part in kept.items() if day not in stale}, **fresh}
        if sum(part.row_count for part in parts.values()) != self._count(mart):
            days = self._days(mart)
            differing = {
                day
                for day, row_count in days.items()
                if day not in parts or parts[day].row_count != row_count
            }
            parts = {**parts, **self._write(mart, differing)}
            parts = {day: part for day, part in parts.items() if day in days}
        return tuple(part for _, part in sorted(parts.items()))

    def discard(self) -> None:
        """Remove what was written, after a failure: nothing points at it."""
        for path in self.written:
            path.unlink(missing_ok=True)

    def _count(self, mart: Mart) -> int:
        row = self._connection.execute(f"select count(*) from {mart.relation}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    def _days(self, mart: Mart) -> dict[date, int]:
        column = _partition_column(mart)
        sql = f"select {column}, count(*) from {mart.relation} group by {column}"  # noqa: S608
        days = dict(self._connection.execute(sql).fetchall())
        if None in days:
            message = f"{mart.name}: {mart.partition_by} is null in {days[None]} rows"
            raise PublishError(message)
        return days

    def _write(self, mart: Mart, days: Iterable[date]) -> dict[date, Part]:
        """Write one file for each of the days that has rows."""
        wanted = sorted(set(days))
        if len(wanted) <= _FEW_DAYS:
            written = {day: self._write_day(mart, day, mart.relation) for day in wanted}
            return {day: part for day, part in written.items() if part is not None}
        # One pass over the mart for all days; in the sorted copy a day is a few row groups.
        column = _partition_column(mart)
        listed = ", ".join(f"date '{day}'" for day in wanted)
        self._connection.execute(
            f"create or replace temp table part_rows as select * from {mart.relation}"  # noqa: S608
            f" where {column} in ({listed}) order by {column}"
        )
        sql = f"select distinct {column} as day from part_rows order by day"  # noqa: S608
        parts = {}
        for (day,) in self._connection.execute(sql).fetchall():
            part = self._write_day(mart, day, "part_rows")
            if part is not None:
                parts[day] = part
        self._connection.execute("drop table part_rows")
        return parts

    def _write_day(self, mart: Mart, day: date, source: str) -> Part | None:
        """Write the file of one day, or none if the day has no rows."""
        name = f"releases/parts/{mart.name}/{mart.partition_by}={day}/{self.release_id}.parquet"
        path = self._home.root / name
        make_folders(path.parent)
        # A reader never sees the name before the file is whole and on disk.
        temporary = path.with_suffix(f".tmp-{os.getpid()}")
        self.written += [temporary, path]
        order = f" order by {', '.join(map(quote, mart.order_by))}" if mart.order_by else ""
        row = self._connection.execute(
            f"copy (select * from {source} where {_partition_column(mart)} = date '{day}'{order})"  # noqa: S608
            f" to {literal(str(temporary))} (format parquet, compression zstd)"
        ).fetchone()
        row_count = int(row[0]) if row else 0
        if row_count == 0:
            temporary.unlink()
            return None
        sync(temporary)
        temporary.rename(path)
        sync(path.parent)
        return Part(day=day, path=name, row_count=row_count, byte_count=path.stat().st_size)


def view_sql(name: str, mart: Mart, columns: Sequence[Column], paths: Sequence[Path]) -> str:
    """Return the statement that makes the view `name` over the files of a partitioned mart.

    The day is read from the path as well as from the file: a filter on it opens only the files
    of the days asked for. Without any file the view is typed and empty.
    """
    if not paths:
        empty = ", ".join(
            f"cast(null as {column.type}) as {quote(column.name)}" for column in columns
        )
        return f"create or replace view {name} as select {empty} where false"
    partition = _partition_column(mart)
    selected = ", ".join(
        f"cast({quote(column.name)} as {column.type}) as {quote(column.name)}" for column in columns
    )
    files = ", ".join(literal(str(path)) for path in paths)
    # A home inside a folder like `country=dk` would give every row that value of a column.
    misleading = any("=" in name for name in paths[0].parts[:-2])
    options = (
        "hive_partitioning = false"
        if misleading
        else f"hive_partitioning = true, hive_types = {{{partition}: date}}"
    )
    rows = f"select {selected} from read_parquet([{files}], {options})"  # noqa: S608
    return f"create or replace view {name} as {rows}"


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _partition_column(mart: Mart) -> str:
    if mart.partition_by is None:
        message = f"{mart.name} is not partitioned"
        raise PublishError(message)
    return quote(mart.partition_by)


def _require_lossless(mart: Mart, columns: Sequence[Column]) -> None:
    for column in columns:
        if any(lossy in column.type for lossy in _LOSSY_TYPES):
            message = (
                f"{mart.name}.{column.name} is {column.type}, which Parquet cannot hold exactly; "
                "cast it in the model"
            )
            raise PublishError(message)
        if column.name == mart.partition_by and column.type != "DATE":
            message = f"{mart.name}.{column.name} must be a DATE to partition by, not {column.type}"
            raise PublishError(message)
