{{ config(meta={'publish': {'order_by': ['period', 'period_started_date']}}) }}
-- Made anew by every build, of counts: a late event may be a user's first, and then another
-- period's new user is none.
with

counts as (

    select * from {{ ref('int_returning_users') }}

),

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

bounds as (

    select max(period_started_date) as last_activity_date
    from counts
    where period = 'day'

),

newcomers as (

    {%- for period in ['day', 'week', 'month'] %}

    select
        '{{ period }}' as period,
        count(*) as new_user_count,
        {{ period_started_date(period, 'first_activity_date') }} as period_started_date
    from users
    group by {{ period_started_date(period, 'first_activity_date') }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

-- A period in which nobody was active still lost those of the one before.
followed as (

    {%- for period in ['day', 'week', 'month'] %}

    select
        period,
        active_user_count,
        0 as previous_user_count,
        returning_user_count,
        period_started_date
    from counts
    where period = '{{ period }}'

    union all

    select
        period,
        0 as active_user_count,
        active_user_count as previous_user_count,
        0 as returning_user_count,
        {{ period_after(period, 'period_started_date') }} as period_started_date
    from counts
    where period = '{{ period }}'
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

periods as (

    select
        period,
        cast(sum(active_user_count) as bigint) as active_user_count,
        cast(sum(previous_user_count) as bigint) as previous_user_count,
        cast(sum(returning_user_count) as bigint) as returning_user_count,
        case period
            {%- for period in ['day', 'week', 'month'] %}
            when '{{ period }}' then {{ period_after(period, 'period_started_date') }}
            {%- endfor %}
        end as next_started_date,
        period_started_date
    from followed
    group by period, period_started_date

),

judged as (

    select
        periods.period,
        periods.active_user_count,
        coalesce(newcomers.new_user_count, 0) as new_user_count,
        periods.returning_user_count,
        periods.previous_user_count,
        bounds.last_activity_date >= periods.next_started_date as is_complete_period,
        periods.period_started_date
    from periods
    inner join bounds on periods.period_started_date <= bounds.last_activity_date
    left join newcomers
        on
            periods.period = newcomers.period
            and periods.period_started_date = newcomers.period_started_date

),

final as (

    select
        period,
        active_user_count,
        new_user_count,
        returning_user_count,
        active_user_count - new_user_count - returning_user_count as resurrecting_user_count,
        previous_user_count,
        case
            when is_complete_period then previous_user_count - returning_user_count
        end as dormant_user_count,
        case
            when is_complete_period then previous_user_count - returning_user_count
        end as churned_user_count,
        case
            when is_complete_period
                then
                    (active_user_count - returning_user_count)
                    / nullif(previous_user_count - returning_user_count, 0)
        end as quick_ratio,
        case
            when is_complete_period
                then
                    (previous_user_count - returning_user_count) / nullif(previous_user_count, 0)
        end as churn_rate,
        is_complete_period,
        period_started_date
    from judged

)

select * from final
