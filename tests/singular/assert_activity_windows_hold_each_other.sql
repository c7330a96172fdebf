-- A row is a changed day whose users are not those of the platform, or whose longer window holds
-- fewer than the shorter one.
with

activity_days as (

    select *
    from {{ ref('fct_activity_days') }}
    where {{ on_changed_days(none) }}

),

platform_days as (

    select *
    from {{ ref('fct_platform_days') }}
    where {{ on_changed_days(none) }}

)

select
    platform_days.user_count,
    activity_days.dau,
    activity_days.wau,
    activity_days.mau,
    coalesce(platform_days.activity_date, activity_days.activity_date) as activity_date
from platform_days
full outer join activity_days on platform_days.activity_date = activity_days.activity_date
where
    platform_days.user_count is distinct from activity_days.dau
    or activity_days.wau < activity_days.dau
    or activity_days.mau < activity_days.wau
