{%- set windows = {'wau': var('weekly_window_days'), 'mau': var('monthly_window_days')} -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'in_changed_windows', 'publish': {'order_by': ['activity_date']}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

user_days as (

    select *
    from {{ ref('fct_user_days') }} as day
    {%- if is_incremental() %}
    where {{ near_changed_windows('day') }}
    {%- endif %}

),

spaced as (

    select
        activity_date,
        activity_date - lag(activity_date) over (
            partition by user_id order by activity_date
        ) as days_since_before,
        lead(activity_date) over (
            partition by user_id order by activity_date
        ) - activity_date as days_until_next
    from user_days

),

-- A user comes into a window with the first day of a row of them and leaves when no later one
-- holds on to the place: one pass, however long the window, instead of a look at each of its days.
moves as (

    select
        activity_date,
        1 as dau,
        0 as wau_change,
        0 as mau_change
    from spaced

    {%- for window, length in windows.items() %}

    union all

    select
        activity_date,
        0 as dau,
        {{ 1 if window == 'wau' else 0 }} as wau_change,
        {{ 1 if window == 'mau' else 0 }} as mau_change
    from spaced
    where days_since_before is null or days_since_before >= {{ length }}

    union all

    select
        activity_date + {{ length }} as activity_date,
        0 as dau,
        {{ -1 if window == 'wau' else 0 }} as wau_change,
        {{ -1 if window == 'mau' else 0 }} as mau_change
    from spaced
    where days_until_next is null or days_until_next >= {{ length }}
    {%- endfor %}

),

changes as (

    select
        activity_date,
        sum(dau) as dau,
        sum(wau_change) as wau_change,
        sum(mau_change) as mau_change
    from moves
    group by activity_date

),

running as (

    select
        activity_date,
        cast(dau as bigint) as dau,
        cast(sum(wau_change) over (order by activity_date) as bigint) as wau,
        cast(sum(mau_change) over (order by activity_date) as bigint) as mau
    from changes

),

final as (

    select
        dau,
        wau,
        mau,
        dau / mau as stickiness,
        activity_date
    from running as day
    where dau > 0{% if is_incremental() %} and {{ in_changed_windows('day') }}{% endif %}

)

select * from final
