{%- set horizons = {'7d': 7, '28d': 28, 'ever': none} -%}
{{ config(meta={'publish': {
    'order_by': ['show_id', 'season', 'horizon'], 'indexes': [['show_id']],
}}) }}
with

user_units as (

    select * from {{ ref('int_user_units') }}

),

items as (

    select * from {{ ref('int_show_items') }}

),

known_units as (

    select * from {{ ref('int_show_units') }}

),

bounds as (

    select
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date
    from {{ ref('int_episode_days') }}

),

-- A horizon is told when all its days are over, and none of them is before the first play.
units as (

    select
        known_units.show_id,
        known_units.season,
        known_units.runtime_minutes,
        known_units.released_on,
        {%- for horizon, length in horizons.items() if length %}
        coalesce(
            known_units.released_on >= bounds.first_activity_date
            and known_units.released_on + {{ length }} <= bounds.last_activity_date,
            false
        ) as is_observed_{{ horizon }},
        {%- endfor %}
        true as is_observed_ever
    from known_units
    cross join bounds

),

counted as (

    select
        {%- for horizon in horizons %}
        {%- for step in ['starter', 'watcher', 'completer'] %}
        count(*) filter (where is_{{ step }}_{{ horizon }}) as {{ step }}_count_{{ horizon }},
        {%- endfor %}
        {%- endfor %}
        show_id,
        season
    from user_units
    group by show_id, season

),

known as (

    select
        show_id,
        season,
        bool_or(runtime_minutes is not null) as has_runtime
    from items
    group by show_id, season

),

{%- for horizon in horizons %}

horizon_{{ horizon }} as (

    select
        counted.show_id,
        '{{ horizon }}' as horizon,
        counted.season,
        case
            when units.is_observed_{{ horizon }} then counted.starter_count_{{ horizon }}
        end as starter_count,
        case
            when units.is_observed_{{ horizon }} and known.has_runtime
                then counted.watcher_count_{{ horizon }}
        end as watcher_count,
        case
            when units.is_observed_{{ horizon }} and units.runtime_minutes > 0
                then counted.completer_count_{{ horizon }}
        end as completer_count,
        units.runtime_minutes,
        units.released_on
    from counted
    inner join units
        on counted.show_id = units.show_id and counted.season is not distinct from units.season
    inner join known
        on counted.show_id = known.show_id and counted.season is not distinct from known.season

),
{%- endfor %}

final as (

    {%- for horizon in horizons %}
    select * from horizon_{{ horizon }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}

)

select * from final
