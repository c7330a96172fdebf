{%- set user_seasons = built('int_user_seasons') %}
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

{% if user_seasons -%}
-- Each row remembers what was known of its season: whatever is left of another state, after a
-- build that died too, is found by it.
standing as (

    select
        show_id,
        season,
        season_key
    from {{ user_seasons }}
    group by show_id, season, season_key

),

final as (

    select distinct
        standing.show_id,
        standing.season
    from standing
    left join seasons
        on standing.show_id = seasons.show_id and standing.season = seasons.season
    where standing.season_key is distinct from seasons.season_key

)
{%- else -%}
final as (

    select
        show_id,
        season
    from seasons
    where false

)
{%- endif %}

select * from final
