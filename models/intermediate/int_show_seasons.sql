{%- set series_content_types = var('series_content_types') | map('lower') | join("', '") -%}
with

items as (

    select * from {{ ref('int_show_items') }}

),

catalogued as (

    select * from {{ ref('int_catalog_shows') }}

),

name_days as (

    select * from {{ ref('int_show_name_days') }}

),

called_series as (

    select
        show_id,
        bool_or(lower(content_type) in ('{{ series_content_types }}')) as is_series
    from name_days
    where content_type is not null
    group by show_id

),

shows as (

    select
        items.show_id,
        bool_or(items.season is not null or items.episode is not null) as has_episodes,
        bool_or(coalesce(
            lower(catalogued.content_type) in ('{{ series_content_types }}'),
            called_series.is_series,
            false
        )) as is_series
    from items
    left join catalogued on items.show_id = catalogued.show_id
    left join called_series on items.show_id = called_series.show_id
    group by items.show_id

),

seasons as (

    select
        show_id,
        season,
        count(episode) as episode_count,
        max(episode) as last_episode,
        count(episode) filter (where episode >= 1) as numbered_episode_count,
        count(episode) filter (where runtime_minutes is null) as unknown_runtime_count,
        count(episode) filter (where is_in_catalog) as catalogued_episode_count,
        -- Whole seconds: a sum of doubles depends on its order.
        cast(
            sum(cast(round(runtime_minutes * 60) as bigint)) filter (where episode is not null)
            as bigint
        ) as episodes_seconds,
        max(runtime_minutes) filter (where episode is null) as own_runtime_minutes,
        min(released_on) as released_on
    from items
    group by show_id, season

),

-- How many episodes there are only a catalogue says, and one whose number it leaves out is one
-- whose runtime nobody knows.
final as (

    select
        seasons.show_id,
        seasons.season,
        seasons.episode_count,
        case
            when not shows.has_episodes and not shows.is_series then seasons.own_runtime_minutes
            when
                seasons.season is not null
                and seasons.catalogued_episode_count > 0
                and seasons.unknown_runtime_count = 0
                and seasons.numbered_episode_count = seasons.last_episode
                then nullif(seasons.episodes_seconds, 0) / 60
        end as runtime_minutes,
        not shows.has_episodes and not shows.is_series as is_film,
        seasons.released_on
    from seasons
    inner join shows on seasons.show_id = shows.show_id

)

select * from final
