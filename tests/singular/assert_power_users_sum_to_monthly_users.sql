-- A row is a count of monthly users that is not that of fct_activity_days for its latest day, or
-- a number of scored users that is not that of the user windows.
with

curve as (

    select coalesce(sum(user_count), 0) as user_count from {{ ref('rpt_power_user_curve') }}

),

latest as (

    select max_by(mau, activity_date) as mau from {{ ref('fct_activity_days') }}

),

users as (

    select
        count(*) as user_count,
        count(engagement_segment) as scored_user_count
    from {{ ref('rpt_users') }}

),

windows as (

    select
        count(*) filter (where window_name = 'all') as user_count,
        count(*) filter (where window_name = '28d') as active_user_count
    from {{ ref('rpt_user_windows') }}

)

select
    curve.user_count,
    latest.mau,
    users.user_count as all_user_count,
    windows.user_count as window_user_count,
    users.scored_user_count,
    windows.active_user_count
from curve
cross join latest
cross join users
cross join windows
where
    curve.user_count != coalesce(latest.mau, 0)
    or users.user_count != windows.user_count
    or users.scored_user_count != windows.active_user_count
