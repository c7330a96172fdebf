{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'in_changed_spans', 'publish': {'partition_by': 'started_date'}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_spans') }}
with

plays as (

    select *
    from {{ ref('fct_plays') }} as play
    {%- if is_incremental() %}
    where {{ in_changed_spans('play') }}
    {%- endif %}

),

batches as (

    select * from {{ ref('int_batches') }}

),

watched_shows as (

    select
        plays.session_id,
        plays.user_id,
        plays.show_id,
        count(*) as play_count,
        count(distinct row(plays.season, plays.episode)) filter (
            where plays.episode is not null
        ) as episode_count,
        sum(plays.watched_microseconds) as watched_microseconds,
        min(plays.started_at) as started_at,
        max(plays.ended_at) as ended_at,
        max(batches.landed_at) as last_landed_at
    from plays
    left join batches on plays.batch_id = batches.batch_id
    group by plays.session_id, plays.user_id, plays.show_id

),

judged as (

    select
        *,
        episode_count >= {{ var('binge_min_episodes') }}
        or (
            episode_count = 0
            and watched_microseconds >= {{ var('binge_min_minutes') }} * cast(60000000 as bigint)
        ) as is_binged
    from watched_shows

),

sessions as (

    select
        session_id,
        user_id,
        cast(sum(play_count) as bigint) as play_count,
        count(*) as show_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        bool_or(is_binged) as is_binge_session,
        {{ reporting_date('min(started_at)') }} as started_date,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        max(last_landed_at) as last_landed_at
    from judged
    group by session_id, user_id

),

final as (

    select
        session_id,
        user_id,
        play_count,
        show_count,
        watched_microseconds,
        watched_microseconds / 60e6 as watched_minutes,
        is_binge_session,
        coalesce(
            last_landed_at
            > {{ reporting_day_started_at('(started_date + 1)') }}
            + interval '{{ var("late_after_hours") }} hours',
            false
        ) as is_restated,
        started_date,
        started_at,
        ended_at
    from sessions

)

select * from final
order by started_date
