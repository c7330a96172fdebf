-- A row is a day on which the platform does not hold what its plays, sessions, shows and hours do.
with

plays as (

    select
        started_date as activity_date,
        count(*) as play_count,
        count(distinct user_id) as user_count,
        count(distinct show_id) as show_count,
        count(*) filter (where is_complete_play) as complete_play_count,
        sum(watched_microseconds) as watched_microseconds
    from {{ ref('fct_plays') }}
    where {{ on_changed_days(none, 'started_date') }}
    group by started_date

),

sessions as (

    select
        started_date as activity_date,
        count(*) as session_count
    from {{ ref('fct_viewing_sessions') }}
    where {{ on_changed_days(none, 'started_date') }}
    group by started_date

),

show_days as (

    select
        activity_date,
        sum(play_count) as play_count,
        sum(watched_microseconds) as watched_microseconds
    from {{ ref('fct_show_days') }}
    where {{ on_changed_days(none) }}
    group by activity_date

),

hours as (

    select
        activity_date,
        sum(play_count) as play_count,
        sum(complete_play_count) as complete_play_count,
        sum(watched_microseconds) as watched_microseconds
    from {{ ref('fct_platform_hours') }}
    where {{ on_changed_days(none) }}
    group by activity_date

),

platform_days as (

    select *
    from {{ ref('fct_platform_days') }}
    where {{ on_changed_days(none) }}

)

select
    plays.play_count,
    platform_days.play_count as platform_play_count,
    show_days.play_count as show_day_play_count,
    hours.play_count as hour_play_count,
    plays.user_count,
    platform_days.user_count as platform_user_count,
    platform_days.session_count as platform_session_count,
    coalesce(plays.activity_date, platform_days.activity_date) as activity_date
from plays
full outer join platform_days on plays.activity_date = platform_days.activity_date
left join sessions on platform_days.activity_date = sessions.activity_date
left join show_days on platform_days.activity_date = show_days.activity_date
left join hours on platform_days.activity_date = hours.activity_date
where
    plays.play_count is distinct from platform_days.play_count
    or show_days.play_count is distinct from platform_days.play_count
    or plays.user_count is distinct from platform_days.user_count
    or plays.show_count is distinct from platform_days.show_count
    or plays.complete_play_count is distinct from platform_days.complete_play_count
    or plays.watched_microseconds is distinct from platform_days.watched_microseconds
    or show_days.watched_microseconds is distinct from platform_days.watched_microseconds
    or coalesce(sessions.session_count, 0) is distinct from platform_days.session_count
    or hours.play_count is distinct from platform_days.play_count
    or hours.complete_play_count is distinct from platform_days.complete_play_count
    or hours.watched_microseconds is distinct from platform_days.watched_microseconds
