with

episodes as (

    select * from {{ ref('int_season_episodes') }}

),

seasons as (

    select
        show_id,
        season,
        max(season_key) as season_key
    from episodes
    group by show_id, season

),

final as (

    {{ seasons_known_otherwise('int_user_seasons', 'season_key', 'seasons') }}

)

select * from final
