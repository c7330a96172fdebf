"""The restatement ledger: which published day moved in which release, from what to what, and why.

A day is restated when it was over in the release before and its figures differ in this one. The
day that is still going on grows; that is no restatement. What a day said before is remembered in
`history.published_days`, so the ledger survives a full refresh; it cannot be made again from raw.

Causes, all that apply:

- `late`: events that no release had, of a day that was over;
- `correction`: a play that was published left the day or changed, for a longer record of the same
  event, a mended mapping, or a catalogue that says something else;
- `replay`: the same, through `watchhouse replay`;
- `code`: the models or their variables are not those of the release before; said alone, since
  everything was made anew.
"""

from datetime import datetime
from typing import Final

import duckdb

TABLES: Final = """
    create table if not exists history.published_days (
        activity_date date, play_count bigint, user_count bigint, session_count bigint,
        complete_play_count bigint, watched_microseconds bigint
    );
    create table if not exists history.released_batches (batch_id varchar);
    create table if not exists history.last_publication (code_version varchar);
    create table if not exists history.restatements (
        release_id integer, activity_date date, causes varchar[],
        play_count_before bigint, play_count_after bigint,
        user_count_before bigint, user_count_after bigint,
        session_count_before bigint, session_count_after bigint,
        complete_play_count_before bigint, complete_play_count_after bigint,
        hours_viewed_before double, hours_viewed_after double,
        published_at timestamp
    )
"""

_COUNTS: Final = ("play_count", "user_count", "session_count", "complete_play_count")

_DESCRIPTION: Final = (
    "One row per release and reporting day whose published figures it changed, with what the day"
    " said before, what it says now, and the causes: late, correction, replay or code. Days that"
    " were still going on in the release before are not in it."
)

_FIND: Final = f"""
    create or replace temp table new_restatements as
    with
    before_and_after as (
        select
            coalesce(before.activity_date, after.activity_date) as activity_date,
            {", ".join(f"coalesce(before.{name}, 0) as {name}_before" for name in _COUNTS)},
            {", ".join(f"coalesce(after.{name}, 0) as {name}_after" for name in _COUNTS)},
            coalesce(before.watched_microseconds, 0) as microseconds_before,
            coalesce(after.watched_microseconds, 0) as microseconds_after
        from history.published_days as before
        full outer join marts.fct_platform_days as after
            on before.activity_date = after.activity_date
    ),
    moved as (
        select * from before_and_after
        where
            activity_date < (select max(activity_date) from history.published_days)
            and (
                {" or ".join(f"{name}_before != {name}_after" for name in _COUNTS)}
                or microseconds_before != microseconds_after
            )
    ),
    batches as (
        select
            batch_id,
            replay_of is not null as is_replay,
            batch_id not in (select batch_id from history.released_batches) as is_new
        from intermediate.int_batches
    ),
    plays as (
        select
            play.started_date as activity_date,
            count(*) filter (where batches.is_new and batches.is_replay) as replayed_count,
            count(*) filter (where batches.is_new and not batches.is_replay) as new_count,
            count(*) filter (where not batches.is_new) as kept_count,
            coalesce(
                sum(play.watched_microseconds) filter (where not batches.is_new), 0
            ) as kept_microseconds
        from marts.fct_plays as play
        inner join batches on play.batch_id = batches.batch_id
        where play.started_date in (select activity_date from moved)
        group by play.started_date
    ),
    explained as (
        select
            moved.*,
            coalesce(plays.new_count, 0) as new_count,
            coalesce(plays.replayed_count, 0) as replayed_count,
            -- Of what was published, what is no longer there: the new rows took its place.
            moved.play_count_before - coalesce(plays.kept_count, 0) as gone_count,
            moved.microseconds_before != coalesce(plays.kept_microseconds, 0) as is_changed,
            exists (select 1 from batches where is_new and is_replay) as has_replay
        from moved
        left join plays on moved.activity_date = plays.activity_date
    ),
    judged as (
        select
            *,
            new_count > greatest(gone_count, 0) as is_late,
            replayed_count > 0 or (has_replay and (gone_count > 0 or is_changed)) as is_replayed,
            not has_replay and (gone_count > 0 or is_changed) as is_corrected
        from explained
    )
    select
        cast($release_id as integer) as release_id,
        activity_date,
        case
            when
                (select any_value(code_version) from history.last_publication) != $code_version
                then ['code']
            when not (is_late or is_replayed or is_corrected) then ['correction']
            else list_filter(
                [
                    case when is_corrected then 'correction' end,
                    case when is_late then 'late' end,
                    case when is_replayed then 'replay' end
                ],
                lambda cause: cause is not null
            )
        end as causes,
        {", ".join(f"{name}_before, {name}_after" for name in _COUNTS)},
        microseconds_before / 3600e6 as hours_viewed_before,
        microseconds_after / 3600e6 as hours_viewed_after,
        cast($published_at as timestamp) as published_at
    from judged
"""  # noqa: S608 - names of our own


def find_restatements(
    connection: duckdb.DuckDBPyConnection,
    *,
    release_id: int,
    published_at: datetime,
    code_version: str,
) -> None:
    """Compare the build with what was published last, and hold what moved until it is kept.

    `connection` is to the build database.
    """
    connection.execute(TABLES)
    connection.execute(
        _FIND,
        {
            "release_id": release_id,
            "code_version": code_version,
            "published_at": published_at.replace(tzinfo=None),
        },
    )


def write_restatements(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the ledger, with what is held, into the attached database `release`."""
    connection.execute(
        "create or replace table release.history.restatements as"
        " from history.restatements union all by name from new_restatements"
        " order by release_id, activity_date"
    )
    connection.execute(f"comment on table release.history.restatements is '{_DESCRIPTION}'")


def keep_restatements(connection: duckdb.DuckDBPyConnection, *, code_version: str) -> None:
    """Add what is held to the ledger, and remember what is published now.

    Called inside the transaction that notes the publication.
    """
    connection.execute("insert into history.restatements by name from new_restatements")
    connection.execute("delete from history.published_days")
    connection.execute(
        "insert into history.published_days by name select activity_date, play_count, user_count,"
        " session_count, complete_play_count, watched_microseconds from marts.fct_platform_days"
    )
    connection.execute(
        "insert into history.released_batches select batch_id from intermediate.int_batches"
        " where batch_id not in (select batch_id from history.released_batches)"
    )
    connection.execute("delete from history.last_publication")
    connection.execute("insert into history.last_publication values (?)", [code_version])
