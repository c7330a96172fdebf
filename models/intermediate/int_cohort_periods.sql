{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'by_recounted_periods'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

user_periods as (

    select *
    from {{ ref('int_user_periods') }} as user_period
    {%- if is_incremental() %}
    where {{ by_recounted_periods('user_period') }}
    {%- endif %}

),

members as (

    {{ cohort_members() }}

),

final as (

    select
        members.period,
        count(*) as user_count,
        members.cohort_started_date,
        user_periods.period_started_date
    from members
    inner join user_periods
        on members.user_id = user_periods.user_id and members.period = user_periods.period
    group by members.period, members.cohort_started_date, user_periods.period_started_date

)

select * from final
