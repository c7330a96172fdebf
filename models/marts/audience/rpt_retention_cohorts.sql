{%- set limits = {'week': var('retention_weeks'), 'month': var('retention_months')} -%}
{{ config(meta={
    'publish': {'order_by': ['period', 'cohort_started_date', 'interval_number']},
}) }}
-- Made anew by every build from counts of users: a late event may be a user's first and move it to
-- another cohort.
with

cohort_periods as (

    select * from {{ ref('int_cohort_periods') }}

),

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

bounds as (

    select max(last_activity_date) as last_activity_date from users

),

members as (

    {{ cohort_members() }}

),

cohorts as (

    select
        period,
        count(*) as cohort_user_count,
        cohort_started_date
    from members
    group by period, cohort_started_date

),

intervals as (

    {%- for period, limit in limits.items() %}

    select
        cohorts.*,
        number.interval_number,
        {{ period_after(
            period, 'cohorts.cohort_started_date', 'number.interval_number'
        ) }} as interval_started_date,
        {{ period_after(
            period, 'cohorts.cohort_started_date', '(number.interval_number + 1)'
        ) }} as next_started_date
    from cohorts
    cross join generate_series(0, {{ limit }}) as number (interval_number)
    where cohorts.period = '{{ period }}'
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

runs as (

    select
        period,
        count(*) as user_count,
        first_run_count,
        cohort_started_date
    from members
    group by period, first_run_count, cohort_started_date

),

rolling as (

    select
        intervals.period,
        intervals.interval_number,
        cast(sum(runs.user_count) as bigint) as user_count,
        intervals.cohort_started_date
    from intervals
    inner join runs
        on
            intervals.period = runs.period
            and intervals.cohort_started_date = runs.cohort_started_date
            and intervals.interval_number < runs.first_run_count
    group by intervals.period, intervals.interval_number, intervals.cohort_started_date

),

-- All of a cohort are active in its first interval, whatever may come; any other is known when
-- it is over.
observed as (

    select
        intervals.*,
        intervals.interval_number = 0
        or intervals.next_started_date <= bounds.last_activity_date as is_observed
    from intervals
    cross join bounds

),

counted as (

    select
        observed.period,
        observed.interval_number,
        observed.cohort_user_count,
        case when observed.is_observed then coalesce(cohort_periods.user_count, 0)
        end as bounded_user_count,
        case when observed.is_observed then coalesce(rolling.user_count, 0)
        end as rolling_user_count,
        observed.cohort_started_date,
        observed.interval_started_date
    from observed
    left join cohort_periods
        on
            observed.period = cohort_periods.period
            and observed.cohort_started_date = cohort_periods.cohort_started_date
            and observed.interval_started_date = cohort_periods.period_started_date
    left join rolling
        on
            observed.period = rolling.period
            and observed.cohort_started_date = rolling.cohort_started_date
            and observed.interval_number = rolling.interval_number

),

final as (

    select
        period,
        interval_number,
        cohort_user_count,
        bounded_user_count,
        rolling_user_count,
        bounded_user_count / cohort_user_count as bounded_retention_rate,
        rolling_user_count / cohort_user_count as rolling_retention_rate,
        cohort_started_date,
        interval_started_date
    from counted

)

select * from final
