{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_user_shows'},
) }}
{%- set days = 'int_changed_user_show_days' if is_incremental() else 'int_user_show_days' %}
-- depends_on: {{ ref('int_user_show_days') }}
-- depends_on: {{ ref('int_changed_user_shows') }}
-- depends_on: {{ ref('int_changed_user_show_days') }}
with

show_days as (

    select * from {{ ref(days) }}

),

shows as (

    select
        user_id,
        show_id,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date,
        max(activity_date) filter (where reached_play_count > 0) as last_reached_date
    from show_days
    group by user_id, show_id

),

final as (

    select
        user_id,
        show_id,
        play_count,
        watched_microseconds,
        first_activity_date,
        last_activity_date,
        last_reached_date
    from shows

)

select * from final
