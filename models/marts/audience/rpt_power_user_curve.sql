{{ config(meta={'publish': {'order_by': ['active_day_count']}}) }}
with

user_days as not materialized (

    select * from {{ ref('fct_user_days') }}

),

bounds as (

    select max(activity_date) as last_activity_date from user_days

),

active as (

    select
        user_days.user_id,
        count(*) as active_day_count
    from user_days
    inner join bounds
        on
            user_days.activity_date
            > bounds.last_activity_date - {{ var('monthly_window_days') }}
    group by user_days.user_id

),

-- A number of days that nobody reaches has no users; with no play at all nothing has any.
days as (

    select number.active_day_count
    from bounds
    cross join
        generate_series(1, {{ var('monthly_window_days') }}) as number (active_day_count)
    where bounds.last_activity_date is not null

),

final as (

    select
        days.active_day_count,
        count(active.user_id) as user_count
    from days
    left join active on days.active_day_count = active.active_day_count
    group by days.active_day_count

)

select * from final
