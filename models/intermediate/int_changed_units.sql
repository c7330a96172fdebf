{%- set user_units = built('int_user_units') %}
with

units as (

    select * from {{ ref('int_show_units') }}

),

{% if user_units -%}
-- As in int_changed_seasons: each row remembers what was known of its film or season.
standing as (

    select
        show_id,
        season,
        unit_key
    from {{ user_units }}
    group by show_id, season, unit_key

),

final as (

    select distinct
        standing.show_id,
        standing.season
    from standing
    left join units
        on
            standing.show_id = units.show_id
            and standing.season is not distinct from units.season
    where standing.unit_key is distinct from units.unit_key

)
{%- else -%}
final as (

    select
        show_id,
        season
    from units
    where false

)
{%- endif %}

select * from final
