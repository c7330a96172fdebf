with

items as (

    select * from {{ ref('int_show_items') }}

),

seasons as (

    select * from {{ ref('int_show_seasons') }}

),

keyed as (

    select
        show_id,
        season,
        {{ identifier_of([
            "string_agg(concat_ws(':', coalesce(episode, -1), runtime_minutes), ',' order by episode)",
        ]) }} as items_key
    from items
    group by show_id, season

),

final as (

    select
        seasons.show_id,
        seasons.season,
        {{ identifier_of([
            'keyed.items_key',
            'seasons.runtime_minutes',
            'seasons.is_film',
            'seasons.released_on',
        ]) }} as unit_key,
        seasons.is_film,
        seasons.runtime_minutes,
        seasons.released_on
    from seasons
    inner join keyed
        on
            seasons.show_id = keyed.show_id
            and seasons.season is not distinct from keyed.season

)

select * from final
