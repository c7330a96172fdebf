{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_user_shows'},
) }}
{%- set days = 'int_changed_user_show_days' if is_incremental() else 'int_user_show_days' %}
-- depends_on: {{ ref('int_user_show_days') }}
-- depends_on: {{ ref('int_changed_user_shows') }}
-- depends_on: {{ ref('int_changed_user_show_days') }}
with

user_show_days as (

    select *
    from {{ ref(days) }}
    where season is not null

),

episodes as (

    select * from {{ ref('int_season_episodes') }}

),

seasons as (

    select
        show_id,
        season,
        max(season_key) as season_key,
        max(season_microseconds) as season_microseconds
    from episodes
    group by show_id, season

),

summed as (

    select
        days.user_id,
        days.show_id,
        days.season,
        days.episode,
        days.watched_microseconds,
        days.longest_play_microseconds,
        episodes.episode_microseconds,
        sum(days.watched_microseconds) over (
            partition by days.user_id, days.show_id, days.season, days.episode
            order by days.activity_date
            rows between unbounded preceding and current row
        ) as episode_watched_microseconds,
        days.activity_date
    from user_show_days as days
    left join episodes
        on
            days.show_id = episodes.show_id
            and days.season = episodes.season
            and days.episode = episodes.episode

),

-- An episode counts up to its runtime, however often it is watched; one of unknown runtime or
-- number counts nothing.
gained as (

    select
        *,
        case
            when episode_microseconds > 0
                then
                    least(episode_watched_microseconds, episode_microseconds)
                    - least(
                        episode_watched_microseconds - watched_microseconds, episode_microseconds
                    )
            else 0
        end as gained_microseconds,
        episode_watched_microseconds >= {{ var('watcher_threshold') }} * episode_microseconds
        and episode_watched_microseconds - watched_microseconds
        < {{ var('watcher_threshold') }} * episode_microseconds as is_watched_now,
        case
            when episode is null then longest_play_microseconds else episode_watched_microseconds
        end >= {{ var('starter_minutes') * 60000000 }} as is_started
    from summed

),

running as (

    select
        *,
        sum(gained_microseconds) over (
            partition by user_id, show_id, season
            order by activity_date
            range between unbounded preceding and current row
        ) as season_gained_microseconds,
        sum(watched_microseconds) over (
            partition by user_id, show_id, season
            order by activity_date
            range between unbounded preceding and current row
        ) as season_watched_microseconds
    from gained

),

judged as (

    select
        running.*,
        seasons.season_key,
        running.season_gained_microseconds
        >= {{ var('complete_threshold') }} * seasons.season_microseconds as is_complete
    from running
    left join seasons
        on running.show_id = seasons.show_id and running.season = seasons.season

),

final as (

    select
        user_id,
        show_id,
        season,
        any_value(season_key) as season_key,
        list(episode order by episode) filter (where is_watched_now) as watched_episodes,
        cast(
            min(season_watched_microseconds) filter (where is_complete) as bigint
        ) as microseconds_to_complete,
        min(activity_date) as first_watched_date,
        min(activity_date) filter (where is_started) as started_date,
        min(activity_date) filter (where is_complete) as completed_date
    from judged
    group by user_id, show_id, season

)

select * from final
