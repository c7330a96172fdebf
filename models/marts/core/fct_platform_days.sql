{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days', 'publish': {'order_by': ['activity_date']}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

user_days as (

    select *
    from {{ ref('fct_user_days') }} as day
    {%- if is_incremental() %}
    where {{ on_changed_days('day') }}
    {%- endif %}

),

show_days as (

    select *
    from {{ ref('fct_show_days') }} as day
    {%- if is_incremental() %}
    where {{ on_changed_days('day') }}
    {%- endif %}

),

sessions as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_viewing_sessions') }}
    ) as session
    {%- if is_incremental() %}
    where {{ on_changed_days('session') }}
    {%- endif %}

),

-- Users are counted where each has one row a day, shows where each show has one.
viewed as (

    select
        activity_date,
        cast(sum(play_count) as bigint) as play_count,
        count(*) as user_count,
        cast(sum(session_count) as bigint) as session_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from user_days
    group by activity_date

),

shown as (

    select
        activity_date,
        count(*) as show_count,
        cast(sum(complete_play_count) as bigint) as complete_play_count,
        cast(sum(known_runtime_play_count) as bigint) as known_runtime_play_count
    from show_days
    group by activity_date

),

begun as (

    select
        activity_date,
        count(*) filter (where is_binge_session) as binge_session_count,
        cast(sum(watched_microseconds) as bigint) as session_watched_microseconds,
        cast(sum(case when is_binge_session then watched_microseconds else 0 end) as bigint)
            as binge_watched_microseconds
    from sessions
    group by activity_date

),

final as (

    select
        viewed.play_count,
        viewed.user_count,
        shown.show_count,
        viewed.session_count,
        coalesce(begun.binge_session_count, 0) as binge_session_count,
        shown.complete_play_count,
        shown.known_runtime_play_count,
        viewed.watched_microseconds,
        coalesce(begun.session_watched_microseconds, 0) as session_watched_microseconds,
        coalesce(begun.binge_watched_microseconds, 0) as binge_watched_microseconds,
        viewed.watched_microseconds / 3600e6 as hours_viewed,
        viewed.activity_date
    from viewed
    inner join shown on viewed.activity_date = shown.activity_date
    left join begun on viewed.activity_date = begun.activity_date

)

select * from final
