{{ config(meta={
    'publish': {'order_by': ['show_id', 'season'], 'indexes': [['show_id']]},
}) }}
with

seasons as (

    select * from {{ ref('int_show_seasons') }} where season is not null

),

user_seasons as not materialized (

    select * from {{ ref('int_user_seasons') }}

),

completions as (

    select * from {{ ref('fct_season_completions') }}

),

watched as (

    select
        show_id,
        season,
        count(*) as user_count,
        count(started_date) as starter_count
    from user_seasons
    group by show_id, season

),

completed as (

    select
        show_id,
        season,
        count(*) as completer_count,
        count(*) filter (where is_season_binge) as season_binge_count,
        median(days_to_complete_season) as median_days_to_complete,
        median(hours_per_day) as binge_scale
    from completions
    group by show_id, season

),

episode_users as (

    select
        show_id,
        season,
        completed_date is not null as is_completer,
        unnest(watched_episodes) as episode
    from user_seasons
    where season = 1

),

hooking as (

    select
        show_id,
        season,
        episode
    from episode_users
    group by show_id, season, episode
    having count(*) filter (where is_completer) >= {{ var('hooked_threshold') }} * count(*)

),

hooked as (

    select
        show_id,
        season,
        min(episode) as hooked_episode
    from hooking
    group by show_id, season

),

final as (

    select
        seasons.show_id,
        case
            when completed.binge_scale >= {{ var('devour_hours_per_day') }} then 'devour'
            when completed.binge_scale < {{ var('devour_hours_per_day') }} then 'savour'
        end as binge_pace,
        seasons.season,
        seasons.episode_count,
        seasons.runtime_minutes,
        coalesce(watched.user_count, 0) as user_count,
        coalesce(watched.starter_count, 0) as starter_count,
        case
            when seasons.runtime_minutes > 0 then coalesce(completed.completer_count, 0)
        end as completer_count,
        case
            when seasons.runtime_minutes > 0 then coalesce(completed.season_binge_count, 0)
        end as season_binge_count,
        completed.median_days_to_complete,
        completed.binge_scale,
        completed.season_binge_count / completed.completer_count as season_binge_share,
        case
            when seasons.runtime_minutes > 0 then hooked.hooked_episode
        end as hooked_episode
    from seasons
    left join watched on seasons.show_id = watched.show_id and seasons.season = watched.season
    left join completed
        on seasons.show_id = completed.show_id and seasons.season = completed.season
    left join hooked on seasons.show_id = hooked.show_id and seasons.season = hooked.season

)

select * from final
