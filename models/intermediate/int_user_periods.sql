{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_user_periods'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_user_days') }}
with

user_days as (

    select *
    from {{ ref('fct_user_days') }} as day
    {%- if is_incremental() %}
    where {{ near_changed_user_periods('day') }}
    {%- endif %}

),

periods as (

    {%- for period in ['week', 'month'] %}

    select
        user_id,
        '{{ period }}' as period,
        count(*) as active_day_count,
        {{ period_started_date(period, 'activity_date') }} as period_started_date
    from user_days
    group by user_id, {{ period_started_date(period, 'activity_date') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        user_id,
        period,
        active_day_count,
        period_started_date
    from periods as user_period
    {%- if is_incremental() %}
    where {{ on_changed_user_periods('user_period') }}
    {%- endif %}

)

select * from final
order by period, period_started_date
