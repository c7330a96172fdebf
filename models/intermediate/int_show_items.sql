with

entries as (

    select * from {{ ref('int_catalog_entries_deduplicated') }} where is_kept

),

episode_days as (

    select * from {{ ref('int_episode_days') }}

),

items as (

    select
        show_id,
        season,
        episode,
        runtime_minutes as catalog_runtime_minutes,
        cast(null as double) as played_runtime_minutes,
        true as is_in_catalog,
        released_on
    from entries

    union all

    select
        show_id,
        season,
        episode,
        cast(null as double) as catalog_runtime_minutes,
        runtime_minutes as played_runtime_minutes,
        false as is_in_catalog,
        cast(null as date) as released_on
    from episode_days

),

-- A runtime of zero says nothing.
final as (

    select
        show_id,
        season,
        episode,
        coalesce(
            nullif(max(catalog_runtime_minutes), 0), max(played_runtime_minutes)
        ) as runtime_minutes,
        bool_or(is_in_catalog) as is_in_catalog,
        min(released_on) as released_on
    from items
    group by show_id, season, episode

)

select * from final
