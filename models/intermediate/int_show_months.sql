{%- set sums = [
    'play_count', 'valid_play_count', 'reached_play_count', 'complete_play_count',
    'known_runtime_play_count', 'watched_microseconds', 'completion_billionths',
    'minute_audience_billionths',
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'in_changed_months'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

episode_days as (

    select *
    from {{ ref('int_episode_days') }} as day
    {%- if is_incremental() %}
    where {{ near_changed_months('day') }}
    {%- endif %}

),

final as (

    select
        show_id,
        {%- for column in sums %}
        cast(sum({{ column }}) as bigint) as {{ column }},
        {%- endfor %}
        {{ period_started_date('month', 'activity_date') }} as month_started_date,
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date
    from episode_days
    group by show_id, {{ period_started_date('month', 'activity_date') }}

)

select * from final
