{%- set weeks_ago = {'now': 0, 'two': 2, 'three': 3, 'four': 4} -%}
{{ config(meta={'publish': {'order_by': ['show_id']}}) }}
with

bounds as (

    select
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date
    from {{ ref('int_episode_days') }}

),

-- Where clocks change, 24 hours touch three days, and whole weeks before are an hour off.
near_days as (

    select bounds.last_activity_date - 7 * ago.week_count + near.day_count as activity_date
    from bounds
    cross join (values (0), (2), (3), (4)) as ago (week_count)
    cross join (values (1), (0), (-1), (-2)) as near (day_count)

),

plays as (

    select
        show_id,
        watched_microseconds,
        started_at,
        max(started_at) over () as data_as_of
    from {{ ref('fct_plays') }}
    where started_date in (select near_days.activity_date from near_days)

),

summed as (

    select
        show_id,
        {%- for name, ago in weeks_ago.items() %}
        coalesce(sum(cast(watched_microseconds as hugeint)) filter (
            where
            started_at > data_as_of - interval '{{ 168 * ago + 24 }} hours'
            and started_at <= data_as_of - interval '{{ 168 * ago }} hours'
        ), 0) as microseconds_{{ name }},
        {%- endfor %}
        data_as_of
    from plays
    group by show_id, data_as_of

),

-- Whole numbers up to the root, so that no order of adding up shows.
moments as (

    select
        summed.show_id,
        summed.microseconds_now,
        summed.data_as_of,
        bounds.first_activity_date
        < {{ reporting_date("summed.data_as_of - interval '696 hours'") }} as is_observed,
        summed.microseconds_two + summed.microseconds_three + summed.microseconds_four as total,
        3 * (
            summed.microseconds_two * summed.microseconds_two
            + summed.microseconds_three * summed.microseconds_three
            + summed.microseconds_four * summed.microseconds_four
        ) as triple_squares
    from summed
    cross join bounds
    where summed.microseconds_now > 0

),

final as (

    select
        show_id,
        case
            when is_observed and triple_squares > total * total
                then
                    microseconds_now >= {{ var('trending_min_hours') }} * 3600e6
                    and (microseconds_now - total / 3)
                    >= {{ var('trending_threshold') }} * sqrt((triple_squares - total * total) / 6)
        end as is_trending,
        microseconds_now / 3600e6 as hours_last_24h,
        case when is_observed then total / 3 / 3600e6 end as expected_mean_hours,
        case
            when is_observed then sqrt((triple_squares - total * total) / 6) / 3600e6
        end as expected_sd_hours,
        case
            when is_observed
                then
                    (microseconds_now - total / 3)
                    / nullif(sqrt((triple_squares - total * total) / 6), 0)
        end as trending_z,
        data_as_of
    from moments

)

select * from final
