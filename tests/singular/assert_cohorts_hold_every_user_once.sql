-- A row is a length of period whose cohorts do not add up to the users with a play, or a cohort
-- of which more came back than are in it, or more kept coming than came.
with

cohorts as (

    select * from {{ ref('rpt_retention_cohorts') }}

),

users as (

    select * from {{ ref('dim_users') }} where first_watched_at is not null

),

sizes as (

    select
        period,
        sum(cohort_user_count) as user_count
    from cohorts
    where interval_number = 0
    group by period

),

counted as (

    select count(*) as user_count from users

)

select
    lengths.period,
    sizes.user_count,
    counted.user_count as counted_user_count,
    null as cohort_started_date
from counted
cross join (values ('week'), ('month')) as lengths (period)
left join sizes on lengths.period = sizes.period
where coalesce(sizes.user_count, 0) != counted.user_count

union all

select
    period,
    bounded_user_count as user_count,
    cohort_user_count as counted_user_count,
    cohort_started_date
from cohorts
where
    bounded_user_count > cohort_user_count
    or rolling_user_count > bounded_user_count
    or (interval_number = 0 and rolling_user_count != cohort_user_count)
