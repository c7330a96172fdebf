-- A row is a window that holds less than a shorter one, or all time without all days and users.
with

windows as (

    select
        *,
        lag(play_count) over (
            order by window_started_date desc, window_name asc
        ) as shorter_play_count,
        lag(user_count) over (
            order by window_started_date desc, window_name asc
        ) as shorter_user_count
    from {{ ref('rpt_platform_windows') }}
    where window_name != 'all'

),

everything as (

    select
        (
            select sum(day.play_count) from {{ ref('fct_platform_days') }} as day
        ) as play_count,
        (
            select sum(day.watched_microseconds) from {{ ref('fct_platform_days') }} as day
        ) as watched_microseconds,
        (
            select count(*) from {{ ref('dim_users') }} as viewer
            where viewer.last_watched_at is not null
        ) as user_count

)

select
    windows.window_name,
    windows.play_count,
    windows.user_count
from windows
where
    windows.play_count < windows.shorter_play_count
    or windows.user_count < windows.shorter_user_count

union all

select
    all_time.window_name,
    all_time.play_count,
    all_time.user_count
from {{ ref('rpt_platform_windows') }} as all_time
cross join everything
where
    all_time.window_name = 'all'
    and (
        all_time.play_count != everything.play_count
        or all_time.user_count != everything.user_count
        or all_time.watched_microseconds != everything.watched_microseconds
    )
