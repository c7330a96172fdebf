{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_resettled_users'},
) }}
{%- set sums = lifetime_sums() %}
{%- set latest = latest_settled_date() %}
-- depends_on: {{ ref('fct_platform_days') }}
-- depends_on: {{ ref('int_changed_user_days') }}
-- Days that come to lie before the date are added to what stands. Only a user of whom a day before
-- it has changed is made anew from all days.
with

user_days as not materialized (

    select * from {{ ref('fct_user_days') }}

),

{% if is_incremental() -%}
reopened as (

    {{ reopened_users() }}

),

before as (

    select *
    from {{ this }} as standing
    where
        {{ of_resettled_users('standing') }}
        and user_id not in (select reopened.user_id from reopened)

),

added_days as (

    select *
    from user_days
    where
        activity_date in ({{ settling_dates() }})
        and user_id not in (select reopened.user_id from reopened)

    union all

    select *
    from user_days
    where
        activity_date <= greatest({{ latest }}, {{ settled_date(this) }})
        and user_id in (select reopened.user_id from reopened)

),
{%- else -%}
before as (

    {{ no_settled_days() }}

),

added_days as (

    select * from user_days
    where activity_date <= {{ latest }}

),
{%- endif %}

{{ days_added_to_lifetimes('before', 'added_days') }}

counted_gaps as (

    select
        user_id,
        list(
            struct_pack(gap_days := gap_days, gap_count := gap_count) order by gap_days
        ) as gap_counts
    from added_gaps
    group by user_id

),

final as (

    select
        added.user_id,
        {%- for column in sums %}
        added.{{ column }},
        {%- endfor %}
        added.active_day_count,
        counted_gaps.gap_counts,
        added.first_run_week_ended_date,
        added.first_run_month_ended_date,
        added.first_activity_date,
        added.last_activity_date,
        {% if is_incremental() -%}
        greatest({{ latest }}, {{ settled_date(this) }})
        {%- else -%}
        {{ latest }}
        {%- endif %} as settled_date,
        added.last_started_at
    from added
    left join counted_gaps on added.user_id = counted_gaps.user_id

)

select * from final
