{%- set windows = {'1d': 1, '7d': 7, '28d': 28, '91d': 91} -%}
{{ config(meta={'publish': {'order_by': ['user_id', 'window_name'], 'indexes': [['user_id']]}}) }}
with

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

user_shows as (

    select * from {{ ref('int_user_shows') }}

),

user_days as (

    select * from {{ ref('fct_user_days') }}

),

bounds as (

    select max(last_activity_date) as last_activity_date from users

),

windows as (

    {%- for window, length in windows.items() %}

    select
        '{{ window }}' as window_name,
        last_activity_date - {{ length - 1 }} as window_started_date,
        last_activity_date as window_ended_date
    from bounds

    union all
    {%- endfor %}

    select
        'all' as window_name,
        cast(null as date) as window_started_date,
        last_activity_date as window_ended_date
    from bounds

),

recent as (

    select
        user_days.user_id,
        windows.window_name,
        cast(sum(user_days.play_count) as bigint) as play_count,
        count(*) as active_day_count,
        cast(sum(user_days.session_count) as bigint) as session_count,
        cast(sum(user_days.complete_play_count) as bigint) as complete_play_count,
        cast(sum(user_days.known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(user_days.watched_microseconds) as bigint) as watched_microseconds
    from user_days
    inner join windows on user_days.activity_date >= windows.window_started_date
    group by user_days.user_id, windows.window_name

),

totals as (

    select * from recent

    union all

    select
        user_id,
        'all' as window_name,
        play_count,
        active_day_count,
        session_count,
        complete_play_count,
        known_runtime_play_count,
        watched_microseconds
    from users

),

shows as (

    select
        user_shows.user_id,
        windows.window_name,
        count(*) as show_count
    from user_shows
    inner join windows
        on user_shows.last_activity_date >= coalesce(windows.window_started_date, '-infinity')
    group by user_shows.user_id, windows.window_name

),

final as (

    select
        totals.user_id,
        totals.window_name,
        totals.play_count,
        totals.active_day_count,
        shows.show_count,
        totals.session_count,
        totals.complete_play_count,
        totals.known_runtime_play_count,
        totals.watched_microseconds,
        totals.watched_microseconds / 3600e6 as hours_viewed,
        windows.window_started_date,
        windows.window_ended_date
    from totals
    inner join windows on totals.window_name = windows.window_name
    inner join shows
        on totals.user_id = shows.user_id and totals.window_name = shows.window_name

)

select * from final
