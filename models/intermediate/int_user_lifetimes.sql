{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_users'},
) }}
-- depends_on: {{ ref('int_changed_users') }}
with

user_days as (

    select *
    from {{ ref('fct_user_days') }} as day
    {%- if is_incremental() %}
    where {{ of_changed_users('day') }}
    {%- endif %}

),

user_periods as (

    select *
    from {{ ref('int_user_periods') }} as user_period
    {%- if is_incremental() %}
    where {{ of_changed_users('user_period') }}
    {%- endif %}

),

spaced as (

    select
        *,
        activity_date - lag(activity_date) over (
            partition by user_id order by activity_date
        ) as gap_days
    from user_days

),

totals as (

    select
        user_id,
        cast(sum(play_count) as bigint) as play_count,
        count(*) as active_day_count,
        cast(sum(session_count) as bigint) as session_count,
        cast(sum(complete_play_count) as bigint) as complete_play_count,
        cast(sum(known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        count(gap_days) as gap_count,
        median(gap_days) as median_gap_days,
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date,
        max(last_started_at) as last_started_at
    from spaced
    group by user_id

),

placed as (

    select
        user_id,
        period,
        period_started_date,
        min(period_started_date) over (
            partition by user_id, period
        ) as first_started_date,
        row_number() over (
            partition by user_id, period order by period_started_date
        ) - 1 as place
    from user_periods

),

-- As long as every period is there, the place of one is how many have passed since the first.
runs as (

    select
        user_id,
        count(*) filter (
            where
            period = 'week'
            and place
            = {{ periods_between('week', 'first_started_date', 'period_started_date') }}
        ) as first_run_week_count,
        count(*) filter (
            where
            period = 'month'
            and place
            = {{ periods_between('month', 'first_started_date', 'period_started_date') }}
        ) as first_run_month_count
    from placed
    group by user_id

),

final as (

    select
        totals.user_id,
        totals.play_count,
        totals.active_day_count,
        totals.session_count,
        totals.complete_play_count,
        totals.known_runtime_play_count,
        totals.watched_microseconds,
        totals.gap_count,
        totals.median_gap_days,
        runs.first_run_week_count,
        runs.first_run_month_count,
        totals.first_activity_date,
        totals.last_activity_date,
        totals.last_started_at
    from totals
    inner join runs on totals.user_id = runs.user_id

)

select * from final
