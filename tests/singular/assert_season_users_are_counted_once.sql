-- A row is a season whose users, starters or completers are not those of its users one by one, or
-- of which more completed than began.
with

user_seasons as (

    select
        show_id,
        season,
        count(*) as user_count,
        count(started_date) as starter_count,
        count(completed_date) as completer_count,
        count(*) filter (where completed_date < first_watched_date) as reversed_count
    from {{ ref('int_user_seasons') }}
    group by show_id, season

),

completions as (

    select
        show_id,
        season,
        count(*) as completer_count
    from {{ ref('fct_season_completions') }}
    group by show_id, season

)

select
    seasons.show_id,
    seasons.season,
    seasons.user_count,
    seasons.starter_count,
    seasons.completer_count,
    completions.completer_count as listed_completer_count
from {{ ref('rpt_seasons') }} as seasons
left join user_seasons
    on seasons.show_id = user_seasons.show_id and seasons.season = user_seasons.season
left join completions
    on seasons.show_id = completions.show_id and seasons.season = completions.season
where
    seasons.user_count != coalesce(user_seasons.user_count, 0)
    or seasons.starter_count != coalesce(user_seasons.starter_count, 0)
    or coalesce(seasons.completer_count, 0) != coalesce(user_seasons.completer_count, 0)
    or coalesce(seasons.completer_count, 0) != coalesce(completions.completer_count, 0)
    or seasons.starter_count > seasons.user_count
    or coalesce(seasons.completer_count, 0) > seasons.user_count
    or user_seasons.reversed_count > 0
