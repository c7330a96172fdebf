{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_users'},
) }}
{%- set periods = ['week', 'month'] %}
{%- set settled = ref('int_user_settled_days') %}
-- depends_on: {{ ref('fct_platform_days') }}
-- depends_on: {{ ref('int_changed_users') }}
-- A build adds the days that are not settled to what the others come to.
with

{% if is_incremental() -%}
before as (

    select *
    from {{ settled }} as settled
    where {{ of_changed_users('settled') }}

),

user_days as (

    select *
    from {{ ref('fct_user_days') }} as day
    where
        {{ of_changed_users('day') }}
        and day.activity_date in (
            select platform_day.activity_date
            from {{ ref('fct_platform_days') }} as platform_day
            where platform_day.activity_date > {{ settled_date(settled) }}
        )

),
{%- else -%}
before as (

    {{ no_settled_days() }}

),

user_days as (

    select * from {{ ref('fct_user_days') }}

),
{%- endif %}

{{ days_added_to_lifetimes('before', 'user_days') }}

ranked_gaps as (

    select
        user_id,
        gap_days,
        sum(gap_count) over (partition by user_id order by gap_days) as gap_count_until,
        sum(gap_count) over (partition by user_id) as gap_count
    from added_gaps

),

-- The gap in the middle, or between the two in the middle.
median_gaps as (

    select
        user_id,
        (
            min(gap_days) filter (where gap_count_until >= (gap_count + 1) // 2)
            + min(gap_days) filter (where gap_count_until >= gap_count // 2 + 1)
        ) / 2 as median_gap_days
    from ranked_gaps
    group by user_id

),

final as (

    select
        added.user_id,
        added.play_count,
        added.active_day_count,
        added.session_count,
        added.complete_play_count,
        added.known_runtime_play_count,
        added.watched_microseconds,
        added.active_day_count - 1 as gap_count,
        median_gaps.median_gap_days,
        {%- for period in periods %}
        1 + {{ periods_between(
            period,
            period_started_date(period, 'added.first_activity_date'),
            period_started_date(period, 'added.first_run_%s_ended_date' % period),
        ) }} as first_run_{{ period }}_count,
        {%- endfor %}
        added.first_activity_date,
        added.last_activity_date,
        added.last_started_at
    from added
    left join median_gaps on added.user_id = median_gaps.user_id

)

select * from final
