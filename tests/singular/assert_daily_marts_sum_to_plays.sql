-- A row is a day on which the shows, the users and the plays do not add up to the same.
with

plays as (

    select
        started_date as activity_date,
        count(*) as play_count,
        sum(watched_microseconds) as watched_microseconds,
        count(*) filter (where is_complete_play) as complete_play_count
    from {{ ref('fct_plays') }}
    where {{ on_changed_days(none, 'started_date') }}
    group by started_date

),

show_days as (

    select
        activity_date,
        sum(play_count) as play_count,
        sum(watched_microseconds) as watched_microseconds,
        sum(complete_play_count) as complete_play_count
    from {{ ref('fct_show_days') }}
    where {{ on_changed_days(none) }}
    group by activity_date

),

user_days as (

    select
        activity_date,
        sum(play_count) as play_count,
        sum(watched_microseconds) as watched_microseconds,
        sum(complete_play_count) as complete_play_count
    from {{ ref('fct_user_days') }}
    where {{ on_changed_days(none) }}
    group by activity_date

)

select
    plays.play_count,
    show_days.play_count as show_day_play_count,
    user_days.play_count as user_day_play_count,
    plays.watched_microseconds,
    show_days.watched_microseconds as show_day_watched_microseconds,
    user_days.watched_microseconds as user_day_watched_microseconds,
    plays.complete_play_count,
    show_days.complete_play_count as show_day_complete_play_count,
    user_days.complete_play_count as user_day_complete_play_count,
    coalesce(plays.activity_date, show_days.activity_date, user_days.activity_date) as activity_date
from plays
full outer join show_days on plays.activity_date = show_days.activity_date
full outer join user_days
    on coalesce(plays.activity_date, show_days.activity_date) = user_days.activity_date
where
    plays.play_count is distinct from show_days.play_count
    or plays.play_count is distinct from user_days.play_count
    or plays.watched_microseconds is distinct from show_days.watched_microseconds
    or plays.watched_microseconds is distinct from user_days.watched_microseconds
    or plays.complete_play_count is distinct from show_days.complete_play_count
    or plays.complete_play_count is distinct from user_days.complete_play_count
