{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days', 'publish': {'order_by': ['started_hour_at']}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

plays as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_plays') }}
    ) as play
    {%- if is_incremental() %}
    where {{ on_changed_days('play') }}
    {%- endif %}

),

placed as (

    select
        user_id,
        is_complete_play,
        watched_microseconds,
        {{ reporting_hour('started_at') }} as hour_local,
        activity_date,
        {{ reporting_hour_started_at('started_at') }} as started_hour_at
    from plays

),

hours as (

    select
        hour_local,
        activity_date,
        started_hour_at,
        count(*) as play_count,
        count(distinct user_id) as user_count,
        count(*) filter (where is_complete_play) as complete_play_count,
        count(*) filter (where is_complete_play is not null) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from placed
    group by hour_local, activity_date, started_hour_at

),

final as (

    select
        {{ daypart('hour_local') }} as daypart,
        hour_local,
        play_count,
        user_count,
        complete_play_count,
        known_runtime_play_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed,
        extract(isodow from activity_date) in ({{ var('weekend_weekdays') | join(', ') }})
            as is_weekend,
        hour_local between {{ var('primetime_first_hour') }} and {{ var('primetime_last_hour') }}
            as is_primetime,
        activity_date,
        started_hour_at
    from hours

)

select * from final
