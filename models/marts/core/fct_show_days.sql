{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days', 'publish': {'order_by': ['show_id', 'activity_date']}},
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

days as (

    select
        show_id,
        activity_date,
        count(*) as play_count,
        count(distinct user_id) as user_count,
        count(*) filter (where is_complete_play) as complete_play_count,
        count(*) filter (where is_complete_play is not null) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from plays
    group by show_id, activity_date

),

final as (

    select
        show_id,
        play_count,
        user_count,
        complete_play_count,
        known_runtime_play_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed,
        activity_date
    from days

)

select * from final
order by activity_date
