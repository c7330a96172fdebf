{{ config(meta={
    'publish': {'order_by': ['show_id', 'dimension_name'], 'indexes': [['show_id']]},
}) }}
with

plays as (

    select *
    from {{ ref('fct_plays') }}
    where started_date in ({{ last_four_weeks() }})

),

broken_down as (

    {% for dimension in ['device', 'country'] -%}
    select
        show_id,
        '{{ dimension }}' as dimension_name,
        {{ dimension }} as dimension_value,
        count(*) as play_count,
        count(distinct user_id) as user_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from plays
    group by show_id, {{ dimension }}
    {%- if not loop.last %}

    union all

    {% endif -%}
    {%- endfor %}

),

final as (

    select
        show_id,
        '28d' as window_name,
        dimension_name,
        dimension_value,
        play_count,
        user_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed
    from broken_down

)

select * from final
