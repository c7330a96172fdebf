{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days', 'publish': {'partition_by': 'activity_date'}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

plays as (

    select *
    from {{ ref('fct_plays') }} as play
    {%- if is_incremental() %}
    where {{ near_changed_days('play') }}
    {%- endif %}

),

-- What ends and what starts at one moment is one change: no play overlaps the one that follows it.
moves as (

    select
        started_at as moved_at,
        1 as change
    from plays

    union all

    select
        ended_at as moved_at,
        -1 as change
    from plays

),

changes as (

    select
        date_trunc('minute', moved_at) as started_minute_at,
        moved_at,
        cast(sum(change) as bigint) as change
    from moves
    group by started_minute_at, moved_at

),

-- No play lasts longer than a day, so none is on a day on which none starts or ends.
utc_days as (

    select distinct cast(started_minute_at as date) as utc_date from changes

),

minutes as (

    select
        unnest(generate_series(
            cast(utc_date as timestamp),
            cast(utc_date as timestamp) + interval '1439 minutes',
            interval '1 minute'
        )) as started_minute_at
    from utc_days

),

minute_changes as (

    select
        started_minute_at,
        cast(sum(change) as bigint) as change
    from changes
    group by started_minute_at

),

opened as (

    select
        minutes.started_minute_at,
        cast(coalesce(sum(minute_changes.change) over (
            order by minutes.started_minute_at
            rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as opening_count
    from minutes
    left join minute_changes on minutes.started_minute_at = minute_changes.started_minute_at

),

-- A minute has its own first moment, whether anything changes then or not.
moments as (

    select
        started_minute_at,
        started_minute_at as moved_at,
        opening_count as change
    from opened

    union all

    select
        started_minute_at,
        moved_at,
        change
    from changes

),

levels as (

    select
        started_minute_at,
        moved_at,
        cast(sum(change) as bigint) as change
    from moments
    group by started_minute_at, moved_at

),

held as (

    select
        started_minute_at,
        cast(sum(change) over (
            partition by started_minute_at order by moved_at
            rows between unbounded preceding and current row
        ) as bigint) as concurrent_play_count,
        epoch_us(coalesce(
            lead(moved_at) over (partition by started_minute_at order by moved_at),
            started_minute_at + interval '1 minute'
        )) - epoch_us(moved_at) as held_microseconds
    from levels

),

counted as (

    select
        started_minute_at,
        {{ reporting_date('started_minute_at') }} as activity_date,
        max(concurrent_play_count) as peak_concurrency,
        cast(sum(concurrent_play_count * held_microseconds) as bigint) as audience_microseconds
    from held
    group by started_minute_at

),

final as (

    select
        {{ reporting_hour('started_minute_at') }} as hour_local,
        peak_concurrency,
        audience_microseconds,
        activity_date,
        {{ reporting_hour_started_at('started_minute_at') }} as started_hour_at,
        started_minute_at
    from counted as day
    where peak_concurrency > 0{% if is_incremental() %} and {{ on_changed_days('day') }}{% endif %}

)

select * from final
order by activity_date
