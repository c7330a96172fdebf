{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days', 'publish': {'order_by': ['activity_date']}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

minutes as (

    select *
    from {{ ref('fct_concurrency_minutes') }} as day
    {%- if is_incremental() %}
    where {{ on_changed_days('day') }}
    {%- endif %}

),

days as (

    select
        activity_date,
        max(peak_concurrency) as peak_concurrency,
        -- The first of several: the least of the minutes that are highest.
        arg_max(started_minute_at, (peak_concurrency, -epoch_us(started_minute_at))) as peak_at,
        cast(sum(audience_microseconds) as bigint) as audience_microseconds,
        -- A day of 23 or 25 hours is as long as it is.
        cast(date_diff(
            'minute',
            {{ local_to_utc('cast(activity_date as timestamp)', "'" ~ var('reporting_time_zone') ~ "'") }},
            {{ local_to_utc('cast(activity_date + 1 as timestamp)', "'" ~ var('reporting_time_zone') ~ "'") }}
        ) as bigint) as minute_count
    from minutes
    group by activity_date

),

final as (

    select
        peak_concurrency,
        audience_microseconds,
        minute_count,
        audience_microseconds / 60e6 / minute_count as clock_average_minute_audience,
        activity_date,
        peak_at
    from days

)

select * from final
