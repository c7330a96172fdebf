-- A row is a period whose users do not add up: new, returning and resurrecting to the active ones,
-- returning and dormant to those before, or days to the active users of fct_activity_days.
with

lifecycle as (

    select * from {{ ref('rpt_lifecycle') }}

),

activity_days as (

    select * from {{ ref('fct_activity_days') }}

),

before as (

    select
        *,
        lag(active_user_count, 1, 0) over (
            partition by period order by period_started_date
        ) as active_user_count_before,
        lag(period_started_date) over (
            partition by period order by period_started_date
        ) as started_date_before
    from lifecycle

)

select
    coalesce(before.period, 'day') as period,
    before.active_user_count,
    before.new_user_count,
    before.returning_user_count,
    before.resurrecting_user_count,
    before.previous_user_count,
    before.dormant_user_count,
    activity_days.dau,
    coalesce(before.period_started_date, activity_days.activity_date) as period_started_date
from before
full outer join activity_days
    on before.period = 'day' and before.period_started_date = activity_days.activity_date
where
    before.period is null
    or before.active_user_count
    != before.new_user_count + before.returning_user_count + before.resurrecting_user_count
    or least(
        before.new_user_count, before.returning_user_count, before.resurrecting_user_count
    ) < 0
    or before.returning_user_count > before.previous_user_count
    or before.is_complete_period != (before.dormant_user_count is not null)
    or before.dormant_user_count != before.previous_user_count - before.returning_user_count
    or (before.period = 'day' and before.active_user_count != coalesce(activity_days.dau, 0))
    -- Whoever was active in the row before was so in the period before, if there is one between
    -- in which nobody was: then it has a row of its own.
    or (
        before.started_date_before is not null
        and before.previous_user_count != before.active_user_count_before
    )
    or (before.started_date_before is null and before.previous_user_count != 0)
