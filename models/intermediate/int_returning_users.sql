{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'by_changed_periods'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- Counted here once and for all: who is new moves with a late event, who came back does not.
with

user_days as (

    select *
    from (
        select
            user_id,
            'day' as period,
            activity_date as period_started_date
        from {{ ref('fct_user_days') }}
    ) as day
    {%- if is_incremental() %}
    where {{ near_changed_periods('day') }}
    {%- endif %}

),

user_periods as (

    select *
    from {{ ref('int_user_periods') }} as user_period
    {%- if is_incremental() %}
    where {{ near_changed_periods('user_period') }}
    {%- endif %}

),

active as (

    {%- for period in ['day', 'week', 'month'] %}

    select
        user_id,
        period,
        period_started_date,
        {{ period_after(period, 'period_started_date') }} as next_started_date
    from {{ 'user_days' if period == 'day' else 'user_periods' }}
    where period = '{{ period }}'
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

counted as (

    select
        active.period,
        count(*) as active_user_count,
        count(earlier.user_id) as returning_user_count,
        active.period_started_date
    from active
    left join active as earlier
        on
            active.user_id = earlier.user_id
            and active.period = earlier.period
            and active.period_started_date = earlier.next_started_date
    group by active.period, active.period_started_date

),

final as (

    select
        period,
        active_user_count,
        returning_user_count,
        period_started_date
    from counted as period
    {%- if is_incremental() %}
    where {{ by_changed_periods('period') }}
    {%- endif %}

)

select * from final
