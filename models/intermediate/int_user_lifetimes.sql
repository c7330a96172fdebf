{%- set periods = ['week', 'month'] -%}
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

-- The days of a user as one list: gaps and runs are told from it in a fifth of the time that
-- windows over the days take, and a third of all users is made anew with a batch.
totals as (

    select
        user_id,
        cast(sum(play_count) as bigint) as play_count,
        count(*) as active_day_count,
        cast(sum(session_count) as bigint) as session_count,
        cast(sum(complete_play_count) as bigint) as complete_play_count,
        cast(sum(known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        list_sort(list(activity_date)) as activity_dates,
        max(last_started_at) as last_started_at
    from user_days
    group by user_id

),

-- Each day but the last, with the next one.
stepped as (

    select
        *,
        activity_dates[1] as first_activity_date,
        activity_dates[-1] as last_activity_date,
        list_zip(activity_dates[:-2], activity_dates[2:]) as steps
    from totals

),

-- A run ends with the day from which the next step leaves a period out, or with the last.
spaced as (

    select
        *,
        {%- for period in periods %}
        coalesce(
            list_filter(
                steps,
                lambda step: {{ periods_between(
                    period,
                    period_started_date(period, 'step[1]'),
                    period_started_date(period, 'step[2]'),
                ) }} > 1
            )[1][1],
            last_activity_date
        ) as first_run_{{ period }}_ended_date,
        {%- endfor %}
        list_transform(steps, lambda step: step[2] - step[1]) as gaps_days
    from stepped

),

final as (

    select
        user_id,
        play_count,
        active_day_count,
        session_count,
        complete_play_count,
        known_runtime_play_count,
        watched_microseconds,
        active_day_count - 1 as gap_count,
        list_median(gaps_days) as median_gap_days,
        {%- for period in periods %}
        1 + {{ periods_between(
            period,
            period_started_date(period, 'first_activity_date'),
            period_started_date(period, 'first_run_%s_ended_date' % period),
        ) }} as first_run_{{ period }}_count,
        {%- endfor %}
        first_activity_date,
        last_activity_date,
        last_started_at
    from spaced

)

select * from final
