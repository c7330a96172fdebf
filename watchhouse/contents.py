"""What goes into the database of a release: marts, their descriptions, and facts about itself."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import duckdb

from watchhouse.layout import Home
from watchhouse.manifests import Part, PublishedMart, ReleaseManifest
from watchhouse.marts import Mart, PublicationPlan, literal, quote
from watchhouse.parts import Changed, Column, Days, PartWriter, view_sql

_LOOSE_SHARE: Final = 10
"""One row of so many may be out of its order, for look-ups to read few row groups more: then a full
publication writes the table anew."""


def taken_over(mart: Mart, copied: ReleaseManifest, *, is_whole: bool) -> Mart:
    """Return how to write a mart into a copy of a release; `is_whole` for a full publication.

    That brings each day into one file again, and rows in their order where many are not.
    """
    standing = copied.marts.get(mart.name)
    if standing is None:
        return replace(mart, changed=None, is_added_to=False)
    mart = replace(mart, loose_count=standing.loose_count)
    if is_whole:
        is_in_order = standing.loose_count * _LOOSE_SHARE <= standing.row_count
        mart = replace(mart, is_added_to=False, changed=mart.changed if is_in_order else None)
    return mart


def write_mart(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    mart: Mart,
    parts: PartWriter,
    newest: datetime | None,
) -> PublishedMart:
    """Write one mart and its descriptions into the attached database `release`, or replace it.

    `newest` is the mart's `data_as_of`: the latest start of a play that it knows of. In a copy of
    the last release a table may need only the rows that have changed since.
    """
    connection.execute(f"create schema if not exists release.{quote(mart.schema)}")
    files: tuple[Part, ...] | None = None
    loose_count = 0
    replaced = _replace_changed(connection, mart) if mart.changed else None
    if replaced is None:
        row_count, files = _write_rows(connection, home, mart, parts)
        _describe(connection, mart)
    else:
        row_count, added_count = replaced
        loose_count = mart.loose_count + added_count
    return PublishedMart(
        schema_name=mart.schema,
        row_count=row_count,
        data_as_of=newest,
        release_id=parts.release_id,
        parts=files,
        loose_count=loose_count,
    )


def _replace_changed(connection: duckdb.DuckDBPyConnection, mart: Mart) -> tuple[int, int] | None:
    """Replace the rows of a table that have changed; return the number of all rows and of these.

    None if there is no such table, or it does not come to what the mart holds.
    """
    name = f"release.{mart.relation}"
    if mart.partition_by is not None:
        return None
    try:
        standing = _columns(connection, name)
    except duckdb.CatalogException:
        return None
    if standing != _columns(connection, mart.relation):
        return None
    connection.execute(f"delete from {name} where {mart.changed}")  # noqa: S608
    added = connection.execute(
        f"insert into {name} by name select * from {mart.relation} where {mart.changed}"  # noqa: S608
    ).fetchone()
    counts = [
        connection.execute(f"select count(*) from {relation}").fetchone()  # noqa: S608
        for relation in (name, mart.relation)
    ]
    if not added or not counts[0] or counts[0] != counts[1]:
        return None
    return int(counts[0][0]), int(added[0])


def _write_rows(
    connection: duckdb.DuckDBPyConnection, home: Home, mart: Mart, parts: PartWriter
) -> tuple[int, tuple[Part, ...] | None]:
    """Return the number of rows, and the files that hold them unless they are native."""
    name = f"release.{mart.relation}"
    columns = _columns(connection, mart.relation)
    if mart.partition_by is not None:
        changed = _changed(connection, mart)
        written = parts.update(mart, columns, _known_parts(connection, mart), changed)
        connection.execute(
            view_sql(name, mart, columns, [home.root / part.path for part in written])
        )
        return sum(part.row_count for part in written), written
    order = f" order by {', '.join(map(quote, mart.order_by))}" if mart.order_by else ""
    row = connection.execute(
        f"create or replace table {name} as select * from {mart.relation}{order}"  # noqa: S608
    ).fetchone()
    for number, indexed in enumerate(mart.indexes, start=1):
        listed = ", ".join(map(quote, indexed))
        index = quote(f"{mart.name}_{number}_index")
        connection.execute(f"create index {index} on {name} ({listed})")
    return int(row[0]) if row else 0, None


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Column]:
    rows = connection.execute(f"describe {relation}").fetchall()
    return [Column(name=row[0], type=row[1]) for row in rows]


def _describe(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Put the descriptions where any client shows them."""
    name = f"release.{mart.relation}"
    if mart.description:
        kind = "table" if mart.partition_by is None else "view"
        connection.execute(f"comment on {kind} {name} is {literal(mart.description)}")
    present = {column.name for column in _columns(connection, name)}
    for column, description in mart.column_descriptions.items():
        if description and column in present:
            connection.execute(
                f"comment on column {name}.{quote(column)} is {literal(description)}"
            )


def write_meta(
    connection: duckdb.DuckDBPyConnection, manifest: ReleaseManifest, plan: PublicationPlan
) -> None:
    """Put into the release what a client without the manifest wants to know of it."""
    connection.execute("create schema if not exists release.meta")
    # Readers search these schemas, whether or not a project has snapshots.
    connection.execute("create schema if not exists release.marts")
    connection.execute("create schema if not exists release.history")
    connection.execute(
        "create or replace table release.meta.release as select ?::integer as release_id,"
        " ?::timestamptz as published_at, ?::timestamptz as data_as_of, ?::varchar as code_version,"
        " ?::varchar as selection",
        [
            manifest.release_id,
            manifest.published_at,
            manifest.data_as_of,
            manifest.code_version,
            manifest.selection,
        ],
    )
    models = []
    for mart in plan.marts:
        published = manifest.marts[mart.name]
        as_of = published.data_as_of
        models.append(
            {
                "schema_name": mart.schema,
                "name": mart.name,
                "description": mart.description,
                "release_id": published.release_id,
                "data_as_of": as_of.isoformat() if as_of else None,
            }
        )
    connection.execute(
        "create or replace table release.meta.models as select model.* from"
        " (select unnest(cast(?::json as struct(schema_name varchar, name varchar,"
        " description varchar, release_id integer, data_as_of timestamptz)[])) as model)",
        [json.dumps(models)],
    )
    # Which batches are in here: what the live tail must not add once more.
    connection.execute(
        "create or replace table release.meta.batches as"
        " select batch_id, stream from intermediate.int_batches"
    )
    connection.execute(
        "create or replace table release.meta.live_models (model_name varchar, query varchar)"
    )
    remembered = connection.execute(
        "from duckdb_tables() where schema_name = 'history' and table_name = 'live_models'"
    ).fetchone()
    if remembered:
        connection.execute("insert into release.meta.live_models from history.live_models")


def _known_parts(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Days:
    rows = connection.execute(
        "select part_date, path, row_count, byte_count from history.release_parts where mart = ?",
        [mart.name],
    ).fetchall()
    days: dict[date, tuple[Part, ...]] = {}
    for day, path, row_count, byte_count in rows:
        part = Part(day=day, path=path, row_count=row_count, byte_count=byte_count)
        days[day] = (*days.get(day, ()), part)
    return days


def _changed(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Changed:
    days = _days(connection, "select activity_date from intermediate.int_changed_days")
    if not mart.is_added_to:
        return Changed(days)
    sql = "select part_date from history.rewritten_days where mart = ?"
    return Changed(days, rewritten=_days(connection, sql, mart.name))


def _days(connection: duckdb.DuckDBPyConnection, sql: str, *values: str) -> frozenset[date]:
    return frozenset(day for (day,) in connection.execute(sql, values).fetchall())


def data_as_of(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the latest start of a play, or None when there are no plays."""
    # By microseconds: the same for timestamps with and without zone, all of which are UTC.
    # The last day has it, and is found without reading the others.
    row = connection.execute(
        "select epoch_us(max(started_at)) from marts.fct_plays"
        " where started_date = (select max(started_date) from marts.fct_plays)"
    ).fetchone()
    if row is None or row[0] is None:
        return None
    seconds, microseconds = divmod(int(row[0]), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)
