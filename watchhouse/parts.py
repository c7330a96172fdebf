"""The immutable Parquet files of partitioned marts: one per mart, day and release that changed it.

A day's file is written again only when the day changed; otherwise the release points at the file
of an earlier release. Where a day has only got more rows, these come into a file beside the others.
So a publication costs what changed, whatever the length of the history and of the day.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import duckdb

from watchhouse.errors import PublishError
from watchhouse.layout import Home
from watchhouse.manifests import Part
from watchhouse.marts import Mart, literal, quote
from watchhouse.storage import make_folders, sync

_LOSSY_TYPES: Final = ("HUGEINT", "BIGNUM", "BIT")
"""Types (HUGEINT covers UHUGEINT) that Parquet files would hold as something else."""


_FEW_DAYS: Final = 4
"""Up to so many days each is searched for in the mart itself; more are first sorted out."""

_PICKED: Final = "picked_rows"
NEW_BATCHES: Final = (
    "select batch_id from intermediate.int_batches"
    " where batch_id not in (select batch_id from history.published_batches)"
)
"""Those that no release holds."""

Parts = tuple[Part, ...]
Days = Mapping[date, Parts]


@dataclass(frozen=True)
class Column:
    """A column of a mart and its DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True)
class Changed:
    """What happened to a mart since the last publication: `days` are all that were touched.

    Those of them in `rewritten` have lost rows, or rows of theirs came out otherwise; of the others
    every row that is new is of a newly read batch. None where that is not known.
    """

    days: frozenset[date]
    rewritten: frozenset[date] | None = None


class PartWriter:
    """Writes the parts of one publication and knows which files it made."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, home: Home, release_id: int) -> None:
        """Begin with nothing written; `connection` is to the build database."""
        self._connection = connection
        self._home = home
        self.release_id = release_id
        self.written: list[Path] = []

    def update(
        self, mart: Mart, columns: Sequence[Column], known: Days, changed: Changed
    ) -> tuple[Part, ...]:
        """Return the parts that together hold the mart, writing those that no file holds yet.

        `known` are the parts of the last publication. Should they and what has changed not account
        for every row, each day is looked at.

        Raises:
            PublishError: a column has a type that Parquet cannot hold.
        """
        _require_lossless(mart, columns)
        kept = {
            day: parts
            for day, parts in known.items()
            if all((self._home.root / part.path).exists() for part in parts)
        }
        touched = set(changed.days) | (known.keys() - kept.keys())
        grown: set[date] = set()
        if changed.rewritten is not None:
            grown = (touched & kept.keys()) - changed.rewritten
        days = {day: parts for day, parts in kept.items() if day not in touched}
        days |= self._write(mart, touched - grown)
        days |= self._add(mart, columns, {day: kept[day] for day in grown})
        if sum(map(_row_count, days.values())) != self._count(mart):
            counts = self._days(mart)
            differing = {
                day for day, count in counts.items() if _row_count(days.get(day, ())) != count
            }
            days |= self._write(mart, differing)
            days = {day: parts for day, parts in days.items() if day in counts}
        return tuple(part for _, parts in sorted(days.items()) for part in parts)

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

    def _write(self, mart: Mart, days: Iterable[date]) -> dict[date, Parts]:
        """Write one file for each of the days that has rows."""
        wanted = sorted(set(days))
        if len(wanted) <= _FEW_DAYS:
            written = {day: self._write_day(mart, day, mart.relation) for day in wanted}
            return {day: (part,) for day, part in written.items() if part is not None}
        # One pass over the mart for all days; in the sorted copy a day is a few row groups.
        with self._picked(mart, wanted) as counts:
            written = {day: self._write_day(mart, day, _PICKED) for day in counts}
        return {day: (part,) for day, part in written.items() if part is not None}

    def _add(
        self, mart: Mart, columns: Sequence[Column], days: Mapping[date, Parts]
    ) -> dict[date, Parts]:
        """Write the rows of newly read batches, of days that have lost none.

        They come into one file with those parts of the day that are not much larger: so a row is
        written again only when the file that it is in has doubled, and a day has few parts.
        """
        added = dict(days)
        if not days:
            return added
        with self._picked(mart, days, f"and batch_id in ({NEW_BATCHES})") as counts:
            for day, count in counts.items():
                merged: list[Part] = []
                for part in sorted(days[day], key=lambda part: part.row_count):
                    if part.row_count > 2 * (count + _row_count(merged)):
                        break
                    merged.append(part)
                source = f"from {_PICKED}"
                if merged:
                    paths = [self._home.root / part.path for part in merged]
                    source += f" union all by name {_rows_sql(mart, columns, paths)}"
                new = self._write_day(mart, day, f"({source})")
                kept = [part for part in days[day] if part not in merged]
                added[day] = (*kept, *((new,) if new else ()))
        return added

    @contextmanager
    def _picked(
        self, mart: Mart, days: Iterable[date], condition: str = ""
    ) -> Iterator[dict[date, int]]:
        """Have rows of some days in a temporary table, and say how many each day has, if any."""
        column = _partition_column(mart)
        listed = ", ".join(f"date '{day}'" for day in sorted(days))
        self._connection.execute(
            f"create or replace temp table {_PICKED} as select * from {mart.relation}"  # noqa: S608
            f" where {column} in ({listed}) {condition} order by {column}"
        )
        sql = f"select {column} as day, count(*) from {_PICKED} group by day order by day"  # noqa: S608
        yield dict(self._connection.execute(sql).fetchall())
        self._connection.execute(f"drop table {_PICKED}")

    def _write_day(self, mart: Mart, day: date, source: str) -> Part | None:
        """Write the rows of one day into a file, or none if the day has no rows."""
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
    return f"create or replace view {name} as {_rows_sql(mart, columns, paths)}"


def _rows_sql(mart: Mart, columns: Sequence[Column], paths: Sequence[Path]) -> str:
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
    return f"select {selected} from read_parquet([{files}], {options})"  # noqa: S608


def _row_count(parts: Iterable[Part]) -> int:
    return sum(part.row_count for part in parts)


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
