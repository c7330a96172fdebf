with

items as (

    select * from {{ ref('int_show_items') }} where season is not null and episode is not null

),

seasons as (

    select * from {{ ref('int_show_seasons') }} where season is not null

),

-- In whole seconds, as the season's runtime is added up.
timed as (

    select
        show_id,
        season,
        episode,
        cast(round(least(runtime_minutes, 1e5) * 60) as bigint) * 1000000 as episode_microseconds
    from items

),

keyed as (

    select
        show_id,
        season,
        cast(sum(episode_microseconds) as bigint) as season_microseconds,
        {{ identifier_of([
            "string_agg(concat_ws(':', episode, episode_microseconds), ',' order by episode)",
        ]) }} as season_key
    from timed
    group by show_id, season

),

final as (

    select
        timed.show_id,
        timed.season,
        timed.episode,
        timed.episode_microseconds,
        case
            when seasons.runtime_minutes > 0 then keyed.season_microseconds
        end as season_microseconds,
        {{ identifier_of(['keyed.season_key', 'seasons.runtime_minutes']) }} as season_key
    from timed
    inner join keyed on timed.show_id = keyed.show_id and timed.season = keyed.season
    inner join seasons on timed.show_id = seasons.show_id and timed.season = seasons.season

)

select * from final
