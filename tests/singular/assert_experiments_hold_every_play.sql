-- A row is an experiment of which the variants hold other plays or users than its days do, or a
-- changed day whose plays of experiments are not all there.
with

days as (

    select
        experiment,
        cast(sum(play_count) as bigint) as play_count,
        count(distinct user_id) as user_count
    from {{ ref('int_experiment_days') }}
    group by experiment

),

variants as (

    select
        experiment,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(user_count) as bigint) as user_count
    from {{ ref('rpt_experiments') }}
    group by experiment

),

changed_days as (

    select
        activity_date,
        sum(play_count) as play_count
    from {{ ref('int_experiment_days') }}
    where {{ on_changed_days(none) }}
    group by activity_date

),

plays as (

    select
        started_date as activity_date,
        count(variant) filter (where experiment is not null) as play_count
    from {{ ref('fct_plays') }}
    where {{ on_changed_days(none, 'started_date') }}
    group by started_date

)

select
    coalesce(days.experiment, variants.experiment) as experiment,
    cast(null as date) as activity_date,
    days.play_count,
    variants.play_count as variant_play_count
from days
full outer join variants on days.experiment = variants.experiment
where
    days.play_count is distinct from variants.play_count
    or days.user_count is distinct from variants.user_count

union all

select
    cast(null as varchar) as experiment,
    plays.activity_date,
    plays.play_count,
    cast(changed_days.play_count as bigint) as variant_play_count
from plays
full outer join changed_days on plays.activity_date = changed_days.activity_date
where coalesce(plays.play_count, 0) != coalesce(changed_days.play_count, 0)
