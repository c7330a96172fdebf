-- A row is a session whose plays do not add up to what it says, or that has no plays at all.
with

sessions as (

    select *
    from {{ ref('fct_viewing_sessions') }}
    where {{ on_changed_days(none, 'started_date') }}

),

-- A session may go on after the day that owns it.
days as (

    select activity_date from {{ ref('int_changed_days') }}
    union
    select
        cast(
            unnest(
                generate_series(
                    started_date, {{ reporting_date('ended_at') }}, interval '1 day'
                )
            ) as date
        ) as activity_date
    from sessions

),

plays as (

    select
        session_id,
        count(*) as play_count,
        count(distinct show_id) as show_count,
        sum(watched_microseconds) as watched_microseconds,
        min(started_at) as started_at,
        max(ended_at) as ended_at
    from {{ ref('fct_plays') }}
    where started_date in (select days.activity_date from days)
    group by session_id

)

select
    sessions.session_id,
    sessions.play_count as session_play_count,
    plays.play_count,
    sessions.watched_microseconds as session_watched_microseconds,
    plays.watched_microseconds
from sessions
left join plays on sessions.session_id = plays.session_id
where
    sessions.play_count is distinct from plays.play_count
    or sessions.show_count is distinct from plays.show_count
    or sessions.watched_microseconds is distinct from plays.watched_microseconds
    or sessions.started_at is distinct from plays.started_at
    or sessions.ended_at is distinct from plays.ended_at
