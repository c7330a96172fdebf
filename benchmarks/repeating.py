"""A release of many days, made of one of few: its days over and over, each time 28 days earlier.

Only marts of days are repeated, by SQL, and written as a publication writes them: one Parquet file
a day behind a view, or a table. What is of users or windows stays as it is.
"""

import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import duckdb

_DAYS: Final = 28
_DATE: Final = ("activity_date", "started_date")
_LISTED: Final = re.compile(r"read_parquet\((?:main\.)?list_value\((.*?)\)", re.DOTALL)
_MOVED: Final = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


def repeat(source: Path, target: Path, *, show_days: int) -> int:
    """Make a home whose release has `show_days` at least, and return how many it has.

    A home that is there already is taken as it is.
    """
    release = target / "releases" / "1"
    if not (target / "current").exists():
        shutil.rmtree(target, ignore_errors=True)
        release.mkdir(parents=True)
        for name in ("warehouse.duckdb", "manifest.json", "lock"):
            shutil.copyfile(source / "current" / name, release / name)
        counts = _repeated(release, show_days)
        manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
        manifest |= {"release_id": 1, "home": str(target)}
        for name, count in counts.items():
            manifest["marts"][name] |= {"row_count": count, "parts": None}
        (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        # Last, so that what is there is whole.
        (target / "current").symlink_to(Path("releases") / "1")
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return int(manifest["marts"]["fct_show_days"]["row_count"])


def _repeated(folder: Path, show_days: int) -> dict[str, int]:
    """Repeat every mart of days in a copied release; return how many rows each has."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        # One file a day, as a publication writes it.
        connection.execute("set threads = 1")
        connection.execute("set schema = 'marts'")
        ((first, last),) = connection.execute(
            "select min(activity_date), max(activity_date) from fct_show_days"
        ).fetchall()
        first = max(first, last - timedelta(days=_DAYS - 1))
        ((each,),) = connection.execute(
            "select count(*) from fct_show_days where activity_date >= ?", [first]
        ).fetchall()
        turns = -(-show_days // each)
        names = connection.execute(
            "select table_name, max(column_name), any_value(sql) from duckdb_columns()"
            " left join duckdb_views() on view_name = table_name and"
            " duckdb_views.schema_name = duckdb_columns.schema_name"
            " where duckdb_columns.schema_name = 'marts' and column_name in (?, ?)"
            " and table_name like 'fct_%' group by table_name order by table_name",
            list(_DATE),
        ).fetchall()
        return {
            name: _repeat(connection, name, day, view, turns, first, folder.parent / "parts")
            for name, day, view in names
        }


def _repeat(  # noqa: PLR0913, PLR0917 - called in one place
    connection: duckdb.DuckDBPyConnection,
    name: str,
    day: str,
    view: str | None,
    turns: int,
    first: date,
    parts: Path,
) -> int:
    columns = connection.execute(f"describe {name}").fetchall()
    moved = ", ".join(
        f"({column} - to_days({_DAYS} * turn::integer))::{kind} as {column}"
        if kind in _MOVED
        else column
        for column, kind, *_ in columns
    )
    # Names are those of the release itself.
    rows = (
        f"select {moved} from {name}, range({turns}) as turns (turn)"  # noqa: S608
        f" where {day} >= date '{first}' order by turn desc, {day}"
    )
    if view is None:
        connection.execute(f"create table repeated as {rows}")
        connection.execute(f"drop table {name}")
        connection.execute(f"alter table repeated rename to {name}")
    else:
        written = parts / name
        parts.mkdir(exist_ok=True)
        connection.execute(
            f"copy ({rows}) to '{written}'"
            f" (format parquet, compression zstd, partition_by ({day}),"
            " write_partition_columns true)"
        )
        files = sorted(written.glob("*/*.parquet"))
        listed = ", ".join(f"'{file}'" for file in files)
        made = _LISTED.sub(lambda _: f"read_parquet(list_value({listed})", view)
        ((count,),) = connection.execute(
            f"select count(*) from read_parquet('{written}/*/*.parquet')"  # noqa: S608
        ).fetchall()
        connection.execute(f"drop view {name}")
        connection.execute(made)
        return int(count)
    ((count,),) = connection.execute(f"select count(*) from {name}").fetchall()  # noqa: S608
    return int(count)
