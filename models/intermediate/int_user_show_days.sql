{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_user_shows') }}
{{ require_made_now('int_changed_user_shows') }}
with

plays as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_plays') }}
    ) as play
    {%- if is_incremental() %}
    where {{ on_changed_days('play') }}
    {%- endif %}

),

-- Shares become whole billionths before they are added up: a sum of doubles depends on its order.
final as (

    select
        show_id,
        user_id,
        season,
        episode,
        count(*) as play_count,
        count(*) filter (
            where watched_microseconds >= {{ var('valid_play_seconds') }} * 1000000
        ) as valid_play_count,
        count(*) filter (
            where watched_microseconds >= {{ var('reach_minutes') }} * 60000000
        ) as reached_play_count,
        count(*) filter (where is_complete_play) as complete_play_count,
        count(*) filter (where is_complete_play is not null) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        max(watched_microseconds) as longest_play_microseconds,
        cast(
            coalesce(sum(cast(round(completion_rate * 1e9) as bigint)), 0) as bigint
        ) as completion_billionths,
        cast(coalesce(sum(
            case
                when runtime_minutes > 0
                    then cast(round(watched_microseconds / 60e6 / runtime_minutes * 1e9) as bigint)
            end
        ), 0) as bigint) as minute_audience_billionths,
        max(runtime_minutes) filter (where runtime_minutes > 0) as runtime_minutes,
        max(completion_rate) as best_completion_rate,
        activity_date,
        min(started_at) as first_started_at
    from plays
    group by show_id, user_id, season, episode, activity_date

)

-- As in fct_plays: a build reads a day without its neighbours.
select * from final
order by activity_date
