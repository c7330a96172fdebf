"""A release of a million show-days and 200,000 users, made by SQL, and the same rows for peers.

Two events are landed and built by the command as ever, so that every mart is there as the models
make it. Then the rows of the marts that are asked are replaced in the build database, and
`watchhouse publish` writes the release: files, order and indexes are those of any other release.
"""

import os
import shutil
import sqlite3
from collections.abc import Mapping
from typing import Final

import duckdb
import pyarrow as pa

from benchmarks.measuring import OURS, WORK, measure, say
from watchhouse.layout import Home
from watchhouse.pseudonyms import Pseudonymiser

SHOWS: Final = 2_740
DAYS: Final = 365
USERS: Final = 200_000
FIRST_DAY: Final = "2025-06-01"
KEY: Final = "0b" * 32
FOLDER: Final = WORK / "serving"
HOME: Final = FOLDER / "home"
PARQUET: Final = FOLDER / "parquet"
SQLITE: Final = FOLDER / "release.db"
_MADE: Final = FOLDER / "made"
TABLES: Final = ("fct_show_days", "dim_shows", "dim_users", "rpt_users")

_EVENTS: Final = """\
{"user_id":"u-0","show_name":"One","watch_date":"2025-06-01T20:00:00Z","watch_duration_minutes":9}
{"user_id":"u-1","show_name":"One","watch_date":"2026-05-31T20:00:00Z","watch_duration_minutes":9}
"""
_FILL: Final = (
    """
    create temp table shows as
    select 'show-' || lpad(range::varchar, 5, '0') as show_id, range as number
    from range({shows})
    """,
    """
    create or replace temp table user_days as
    select
        users.user_id,
        date '{first}' + (hash(users.number * 31 + days.range) % {days})::integer as activity_date,
        1 + hash(users.number + days.range) % 4 as play_count,
        ((1 + hash(users.number * 7 + days.range) % 9_000_000) * 1000)::bigint
            as watched_microseconds
    from users
    cross join range(10) as days
    qualify row_number() over (partition by users.user_id, activity_date order by days.range) = 1
    """,
    "delete from marts.fct_show_days",
    """
    insert into marts.fct_show_days by name
    select
        show_id,
        date '{first}' + days.range::integer as activity_date,
        1 + hash(number * 3 + days.range) % 5000 as play_count,
        1 + hash(number * 3 + days.range) % 5000 // 2 as user_count,
        0 as complete_play_count,
        0 as known_runtime_play_count,
        (1 + hash(number * 5 + days.range) % 9_000_000) * 1_000_000 as watched_microseconds,
        watched_microseconds / 3_600_000_000.0 as hours_viewed
    from shows
    cross join range({days}) as days
    order by activity_date, show_id
    """,
    "delete from marts.dim_shows",
    """
    insert into marts.dim_shows by name
    select
        show_id, 'The Long Winter of Number ' || number as show_name, 'series' as content_type,
        ['Drama', 'Crime'] as genres, 50.0 as runtime_minutes, true as is_in_catalog,
        true as has_plays
    from shows
    """,
    "delete from marts.fct_user_days",
    """
    insert into marts.fct_user_days by name
    select
        user_id, play_count, 1 as show_count, 1 as session_count, 0 as complete_play_count,
        0 as known_runtime_play_count, watched_microseconds,
        watched_microseconds / 60_000_000.0 as watched_minutes, activity_date,
        activity_date::timestamp as first_started_at, activity_date::timestamp as last_started_at
    from user_days
    order by activity_date, user_id
    """,
    "delete from marts.fct_plays",
    # Or it would be the smallest mart, and asked in place of the show-days.
    """
    insert into marts.fct_plays by name
    select
        uuid() as play_id, uuid() as session_id, 'filled' as batch_id, user_id,
        'show-' || lpad((hash(user_id, activity_date) % {shows})::varchar, 5, '0') as show_id,
        'event' as show_id_source, 'The Long Winter' as show_name, 'default' as source,
        watched_microseconds, watched_microseconds / 60_000_000.0 as watched_minutes,
        activity_date as started_date, activity_date::timestamp as started_at,
        activity_date::timestamp + to_microseconds(watched_microseconds) as ended_at
    from user_days
    order by started_date, user_id
    """,
    "delete from marts.dim_users",
    """
    insert into marts.dim_users by name
    select
        user_id, 'DK' as country, 'basic' as plan, true as has_account,
        date '2025-05-01' as signed_up_on, min(activity_date)::timestamp as first_watched_at,
        max(activity_date)::timestamp as last_watched_at
    from user_days
    group by user_id
    """,
    "delete from marts.rpt_users",
    """
    insert into marts.rpt_users by name
    select
        user_id, 'DK' as country, 'basic' as plan, date '2025-05-01' as signed_up_on,
        min(activity_date)::timestamp as first_watched_at,
        max(activity_date)::timestamp as last_watched_at, 'medium' as engagement_segment,
        'show-00001' as favourite_show_id,
        ['show-00001'] as favourite_show_ids, sum(play_count)::bigint as play_count,
        count(*) as active_day_count, count(*) as session_count,
        sum(watched_microseconds)::bigint as watched_microseconds,
        sum(watched_microseconds)::bigint / 3_600_000_000.0 as hours_viewed, 0 as play_count_28d,
        0 as session_count_28d, 0 as watched_microseconds_28d, 0.0 as hours_viewed_28d,
        hash(user_id) % 28 as l28, (hash(user_id) % 1000) / 10.0 as engagement_score,
        0 as days_since_last_play, 0 as show_count_28d, false as is_at_risk, false as is_dormant,
        min(activity_date) as first_activity_date, max(activity_date) as last_activity_date
    from user_days
    group by user_id
    """,
)


def make_release() -> Home:
    """Return a home whose release holds the rows; one that is there already is used again."""
    home = Home(HOME)
    if _MADE.exists():
        return home
    shutil.rmtree(HOME, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = FOLDER / "events.ndjson"
    source.write_text(_EVENTS, encoding="utf-8")
    say("serving: landing and building two events")
    _watchhouse("ingest", str(source))
    _watchhouse("build")
    say(f"serving: {SHOWS * DAYS:,} show-days and {USERS:,} users")
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("set enable_progress_bar = false")
        users = pa.table({"user_id": pseudonyms(), "number": range(USERS)})
        connection.register("given", users)
        connection.execute("create temp table users as from given")
        for statement in _FILL:
            connection.execute(statement.format(shows=SHOWS, days=DAYS, first=FIRST_DAY))
        # Or there would be nothing new to publish; and no log says which rows have changed.
        connection.execute("update history.last_run set invocation_id = 'filled'")
        connection.execute("delete from history.published_batches")
    _watchhouse("publish")
    _MADE.touch()
    return home


def make_peers_tables(home: Home) -> None:
    """Write the rows that are asked for as Parquet and as SQLite, with the indexes they need."""
    if SQLITE.exists():
        return
    say("serving: the same tables as Parquet and SQLite")
    PARQUET.mkdir(exist_ok=True)
    temporary = SQLITE.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    database = home.current / "warehouse.duckdb"
    with (
        duckdb.connect(str(database), read_only=True) as source,
        sqlite3.connect(temporary) as target,
    ):
        for table in TABLES:
            order = "show_id, activity_date" if table == "fct_show_days" else "1"
            rows = source.execute(f"from marts.{table} order by {order}").to_arrow_table()
            source.register("rows", rows)
            path = PARQUET / f"{table}.parquet"
            source.execute(f"copy rows to '{path}' (format parquet, compression zstd)")
            listed = ", ".join(f'"{name}"' for name in rows.column_names)
            target.execute(f"create table {table} ({listed})")
            text = ", ".join(
                f"{name}::varchar"
                if pa.types.is_nested(kind) or pa.types.is_temporal(kind)
                else name
                for name, kind in zip(rows.column_names, rows.schema.types, strict=True)
            )
            found = source.execute(f"select {text} from rows").fetchall()  # noqa: S608
            marks = ", ".join("?" * len(rows.column_names))
            target.executemany(f"insert into {table} values ({marks})", found)  # noqa: S608
        target.execute("create unique index show_day on fct_show_days (show_id, activity_date)")
        target.execute("create index day on fct_show_days (activity_date)")
        target.execute("create unique index show on dim_shows (show_id)")
        target.execute("create unique index user on dim_users (user_id)")
        target.execute("create unique index scored on rpt_users (user_id)")
        target.execute("analyze")
    temporary.rename(SQLITE)


def pseudonyms() -> list[str]:
    """Return what the users `u-0`, `u-1` … are called in the release."""
    names = Pseudonymiser(bytes.fromhex(KEY)).pseudonyms([f"u-{n}" for n in range(USERS)])
    return [name or "" for name in names]


def environment() -> Mapping[str, str]:
    """Return the variables under which the home is used."""
    return {**os.environ, "WATCHHOUSE_HOME": str(HOME), "WATCHHOUSE_PSEUDONYM_KEY": KEY}


def _watchhouse(*arguments: str) -> None:
    measure([*OURS, *arguments], environment=environment())
