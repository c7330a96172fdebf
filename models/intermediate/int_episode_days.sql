{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

user_show_days as (

    select *
    from {{ ref('int_user_show_days') }} as day
    {%- if is_incremental() %}
    where {{ on_changed_days('day') }}
    {%- endif %}

),

final as (

    select
        show_id,
        season,
        episode,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(valid_play_count) as bigint) as valid_play_count,
        cast(sum(reached_play_count) as bigint) as reached_play_count,
        cast(sum(complete_play_count) as bigint) as complete_play_count,
        cast(sum(known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        cast(sum(completion_billionths) as bigint) as completion_billionths,
        cast(sum(minute_audience_billionths) as bigint) as minute_audience_billionths,
        max(runtime_minutes) as runtime_minutes,
        activity_date
    from user_show_days
    group by show_id, season, episode, activity_date

)

select * from final
