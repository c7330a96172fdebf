{#- Columns of a user's days that add up to those of the user. -#}
{% macro lifetime_sums() -%}
    {{ return([
        'play_count', 'session_count', 'complete_play_count', 'known_runtime_play_count',
        'watched_microseconds',
    ]) }}
{%- endmacro %}

{#- The date up to which days are settled by this build; null while there are no plays. -#}
{% macro latest_settled_date() -%}
    (
        select max(day.activity_date) - {{ var('settled_after_days') }}
        from {{ ref('fct_platform_days') }} as day
    )
{%- endmacro %}

{#- The date up to which `settled`, int_user_settled_days, has all days; before all if it has none. -#}
{% macro settled_date(settled) -%}
    (
        select coalesce(max(settled.settled_date), date '-infinity')
        from {{ settled }} as settled
    )
{%- endmacro %}

{#- Days that were not settled before this build, and are after it. -#}
{% macro settling_dates() -%}
    select settling.activity_date
    from {{ ref('fct_platform_days') }} as settling
    where
        settling.activity_date > {{ settled_date(this) }}
        and settling.activity_date <= {{ latest_settled_date() }}
{%- endmacro %}

{#- Users of whom a day has changed that was settled. -#}
{% macro reopened_users() -%}
    select distinct changed.user_id
    from {{ ref('int_changed_user_days') }} as changed
    where changed.activity_date <= {{ settled_date(this) }}
{%- endmacro %}

{#- Rows of users of whom more days are settled, or others than before. -#}
{% macro of_resettled_users(row='target') -%}
    {{ row }}.user_id in (
        {{ reopened_users() }}
        union all
        select day.user_id
        from {{ ref('fct_user_days') }} as day
        where day.activity_date in ({{ settling_dates() }})
    )
{%- endmacro %}

{#- What int_user_settled_days would have of nobody. -#}
{% macro no_settled_days() -%}
    select
        cast(null as varchar) as user_id,
        {%- for column in lifetime_sums() %}
        cast(null as bigint) as {{ column }},
        {%- endfor %}
        cast(null as bigint) as active_day_count,
        cast(null as struct(gap_days bigint, gap_count bigint)[]) as gap_counts,
        cast(null as date) as first_run_week_ended_date,
        cast(null as date) as first_run_month_ended_date,
        cast(null as date) as first_activity_date,
        cast(null as date) as last_activity_date,
        cast(null as timestamp) as last_started_at
    where false
{%- endmacro %}

{#-
  CTEs that add days of users to what is known of the days before: `added`, one row per user, and
  `added_gaps`, one per user and length of a gap. `before` has the rows of int_user_settled_days of
  these users, and `days` rows of fct_user_days, all of them later than the days before.
  The days of a user are one list: gaps and runs are told from it in a fifth of the time that windows
  over the days take.
-#}
{% macro days_added_to_lifetimes(before, days) -%}
    {%- set sums = lifetime_sums() -%}
    totals as (

        select
            user_id,
            {%- for column in sums %}
            sum({{ column }}) as {{ column }},
            {%- endfor %}
            list_sort(list(activity_date)) as activity_dates,
            max(last_started_at) as last_started_at
        from {{ days }}
        group by user_id

    ),

    -- Each day with the next one, from the last of the days before on.
    stepped as (

        select
            coalesce(totals.user_id, before.user_id) as user_id,
            {%- for column in sums %}
            cast(
                coalesce(before.{{ column }}, 0) + coalesce(totals.{{ column }}, 0) as bigint
            ) as {{ column }},
            {%- endfor %}
            coalesce(before.active_day_count, 0)
            + coalesce(len(totals.activity_dates), 0) as active_day_count,
            -- Ended before the last of the days before: no later day can prolong it.
            {%- for period in ['week', 'month'] %}
            case
                when before.first_run_{{ period }}_ended_date < before.last_activity_date
                    then before.first_run_{{ period }}_ended_date
            end as known_run_{{ period }}_ended_date,
            {%- endfor %}
            case
                when totals.user_id is null then []
                when before.user_id is null
                    then list_zip(totals.activity_dates[:-2], totals.activity_dates[2:])
                else
                    list_zip(
                        list_prepend(before.last_activity_date, totals.activity_dates[:-2]),
                        totals.activity_dates
                    )
            end as steps,
            coalesce(before.first_activity_date, totals.activity_dates[1]) as first_activity_date,
            coalesce(totals.activity_dates[-1], before.last_activity_date) as last_activity_date,
            coalesce(totals.last_started_at, before.last_started_at) as last_started_at
        from totals
        full outer join {{ before }} as before on totals.user_id = before.user_id

    ),

    -- A run ends with the day from which the next step leaves a period out, or with the last.
    added as (

        select
            user_id,
            {{ sums | join(',\n            ') }},
            active_day_count,
            {%- for period in ['week', 'month'] %}
            coalesce(
                known_run_{{ period }}_ended_date,
                list_filter(
                    steps,
                    lambda step: {{ periods_between(
                        period,
                        period_started_date(period, 'step[1]'),
                        period_started_date(period, 'step[2]'),
                    ) }} > 1
                )[1][1],
                last_activity_date
            ) as first_run_{{ period }}_ended_date,
            {%- endfor %}
            first_activity_date,
            last_activity_date,
            last_started_at,
            list_transform(steps, lambda step: step[2] - step[1]) as gaps_days
        from stepped

    ),

    -- How often each gap was: of the gaps of all time there are as many as days, of their lengths
    -- only a few.
    added_gaps as (

        select
            user_id,
            gap.gap_days,
            cast(sum(gap.gap_count) as bigint) as gap_count
        from (
            select
                user_id,
                unnest(gap_counts) as gap
            from {{ before }}
            union all
            select
                user_id,
                unnest(list_transform(
                    gaps_days,
                    lambda days: struct_pack(gap_days := days, gap_count := cast(1 as bigint))
                )) as gap
            from added
        ) as gaps
        group by user_id, gap.gap_days

    ),
{%- endmacro %}
