{{ config(meta={'publish': {'order_by': ['show_id'], 'indexes': [['show_id']]}}) }}
with

name_days as (

    select * from {{ ref('int_show_name_days') }}

),

catalogued as (

    select * from {{ ref('int_catalog_shows') }}

),

-- All days are read once, for both.
counted as (

    select
        show_id,
        show_name,
        content_type,
        sum(play_count) as play_count
    from name_days
    group by show_id, show_name, content_type

),

names as (

    select
        show_id,
        show_name,
        row_number() over (partition by show_id order by sum(play_count) desc, show_name) as place
    from counted
    group by show_id, show_name

),

content_types as (

    select
        show_id,
        content_type,
        row_number() over (
            partition by show_id order by sum(play_count) desc, content_type
        ) as place
    from counted
    where content_type is not null
    group by show_id, content_type

),

played as (

    select
        names.show_id,
        names.show_name,
        content_types.content_type
    from names
    left join content_types
        on names.show_id = content_types.show_id and content_types.place = 1
    where names.place = 1

),

final as (

    select
        coalesce(catalogued.show_id, played.show_id) as show_id,
        coalesce(catalogued.show_name, played.show_name) as show_name,
        coalesce(catalogued.content_type, played.content_type) as content_type,
        catalogued.genres,
        catalogued.country,
        catalogued.language,
        catalogued.runtime_minutes,
        catalogued.show_id is not null as is_in_catalog,
        played.show_id is not null as has_plays,
        catalogued.released_on
    from catalogued
    full outer join played on catalogued.show_id = played.show_id

)

select * from final
