{%- set before_days = var('experiment_before_days') -%}
{{ config(meta={'publish': {'order_by': ['experiment', 'variant']}}) }}
with

experiment_days as (

    select * from {{ ref('int_experiment_days') }}

),

user_days as not materialized (

    select * from {{ ref('fct_user_days') }}

),

planned as (

    select *
    from (
        values
        {{- planned_arms() }}
    ) as arm (experiment, variant, planned_share)
    where experiment is not null

),

plans as (

    select
        experiment,
        count(*) as arm_count,
        min(planned_share) as smallest_share
    from planned
    group by experiment

),

controls as (

    select *
    from (
        values
        {{- control_arms() }}
    ) as control (experiment, variant)
    where experiment is not null

),

bounds as (

    select min(activity_date) as first_activity_date from user_days

),

placed as (

    select
        *,
        row_number() over (
            partition by experiment, user_id order by first_started_at, variant
        ) as place
    from experiment_days

),

-- A user stays in the arm of the first play, whatever variant is met later: to move users by what
-- they did would undo the lot.
users as (

    select
        experiment,
        user_id,
        max(variant) filter (where place = 1) as variant,
        min(variant) != max(variant) as has_switched,
        sum(play_count) as play_count,
        sum(watched_microseconds) as watched_microseconds,
        min(activity_date) as exposed_date
    from placed
    group by experiment, user_id

),

before as (

    select
        users.experiment,
        users.user_id,
        sum(user_days.watched_microseconds) as watched_microseconds
    from users
    inner join user_days
        on
            users.user_id = user_days.user_id
            and user_days.activity_date >= users.exposed_date - {{ before_days }}
            and users.exposed_date > user_days.activity_date
    group by users.experiment, users.user_id

),

-- Whole milliseconds: squares of them add up exactly, and what is added up exactly has no order.
measured as (

    select
        users.*,
        cast(users.watched_microseconds // 1000 as hugeint) as after_milliseconds,
        cast(coalesce(before.watched_microseconds, 0) // 1000 as hugeint) as before_milliseconds
    from users
    left join before
        on users.experiment = before.experiment and users.user_id = before.user_id

),

arms as (

    select
        experiment,
        variant,
        count(*) as user_count,
        count(*) filter (where has_switched) as switched_user_count,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        sum(after_milliseconds) as after_sum,
        sum(before_milliseconds) as before_sum,
        sum(before_milliseconds * before_milliseconds) as before_squares,
        sum(before_milliseconds * after_milliseconds) as products,
        min(exposed_date) as first_exposed_date
    from measured
    group by experiment, variant

),

experiments as (

    select
        experiment,
        count(*) as arm_count,
        cast(sum(user_count) as bigint) as user_count,
        min(variant) as first_variant,
        sum(before_sum) as before_sum,
        cast(
            sum(user_count) * sum(before_squares) - sum(before_sum) * sum(before_sum) as double
        ) as variance,
        cast(
            sum(user_count) * sum(products) - sum(before_sum) * sum(after_sum) as double
        ) as covariance,
        min(first_exposed_date) as first_exposed_date
    from arms
    group by experiment

),

judged as (

    select
        arms.*,
        experiments.user_count as experiment_user_count,
        arms.variant = coalesce(controls.variant, experiments.first_variant) as is_control,
        case
            when plans.experiment is null then 1 / experiments.arm_count
            else coalesce(planned.planned_share, 0)
        end as planned_share,
        coalesce(plans.smallest_share, 1 / experiments.arm_count) as smallest_share,
        coalesce(plans.arm_count, experiments.arm_count) as planned_arm_count,
        case
            when
                experiments.first_exposed_date - {{ before_days }} >= bounds.first_activity_date
                then experiments.covariance / nullif(experiments.variance, 0)
        end as cuped_theta,
        experiments.first_exposed_date - {{ before_days }}
        >= bounds.first_activity_date as is_observed,
        experiments.before_sum / experiments.user_count as mean_before
    from arms
    cross join bounds
    inner join experiments on arms.experiment = experiments.experiment
    left join controls on arms.experiment = controls.experiment
    left join plans on arms.experiment = plans.experiment
    left join planned
        on arms.experiment = planned.experiment and arms.variant = planned.variant

),

-- Of an arm that nobody is in, the square is 0 and the expected users are in the whole. Rounded to
-- a billionth, so that what is just the plan is not a hair off it.
tested as (

    select
        experiment,
        greatest(
            round(
                list_sum(list(
                    user_count * user_count / (experiment_user_count * nullif(planned_share, 0))
                    order by variant
                )) - max(experiment_user_count),
                9
            ),
            0
        ) as chi_squared,
        max(planned_arm_count) - 1 as freedom,
        min(planned_share) = 0 as has_unplanned,
        max(experiment_user_count) * max(smallest_share) as fewest_expected_users
    from judged
    group by experiment

),

compared as (

    select
        judged.*,
        tested.chi_squared,
        tested.freedom,
        tested.has_unplanned,
        tested.fewest_expected_users,
        judged.watched_microseconds / judged.user_count / 3600e6 as hours_per_user,
        case
            when judged.is_observed then judged.before_sum / judged.user_count / 3600e3
        end as before_hours_per_user,
        (
            judged.after_sum / judged.user_count
            - judged.cuped_theta * (judged.before_sum / judged.user_count - judged.mean_before)
        ) / 3600e3 as cuped_hours_per_user
    from judged
    inner join tested on judged.experiment = tested.experiment

),

final as (

    select
        experiment,
        variant,
        user_count,
        switched_user_count,
        play_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed,
        planned_share,
        user_count / experiment_user_count as user_share,
        case
            when freedom < 1 or fewest_expected_users < {{ var('experiment_min_users') }} then null
            when has_unplanned then 0
            else {{ chi_squared_chance('chi_squared', 'freedom') }}
        end as srm_p,
        hours_per_user,
        before_hours_per_user,
        case
            when not is_control
                then
                    hours_per_user - max(hours_per_user) filter (where is_control) over (
                        partition by experiment
                    )
        end as hours_per_user_effect,
        cuped_theta,
        cuped_hours_per_user,
        case
            when not is_control
                then
                    cuped_hours_per_user - max(cuped_hours_per_user) filter (
                        where is_control
                    ) over (partition by experiment)
        end as cuped_effect,
        is_control,
        first_exposed_date
    from compared

)

select * from final
