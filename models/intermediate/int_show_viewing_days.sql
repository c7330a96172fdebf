{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
{%- set tolerance = var('seek_tolerance_seconds') * 1000000 %}
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

known as (

    select
        show_id,
        count(*) as known_runtime_play_count,
        -- Clamped far outside what is believed, so that an absurd runtime overflows no sum.
        cast(
            sum(cast(round(least(runtime_minutes, 1e5) * 60e6) as bigint)) as bigint
        ) as runtime_microseconds,
        activity_date
    from plays
    where runtime_minutes > 0
    group by show_id, activity_date

),

positioned as (

    select
        play_id,
        user_id,
        show_id,
        season,
        episode,
        watched_microseconds,
        case when runtime_minutes > 0 then runtime_minutes end as runtime_minutes,
        {{ as_microseconds('position_start_seconds', 1000000) }} as position_start_microseconds,
        {{ as_microseconds('position_end_seconds', 1000000) }} as position_end_microseconds,
        activity_date,
        started_at
    from plays
    where position_start_seconds is not null and position_end_seconds is not null

),

-- By position, what lies before the furthest end so far was watched before: the rest adds up to
-- the union. By time, a play that does not begin where the one before it ended was sought.
compared as (

    select
        *,
        greatest(
            0,
            position_end_microseconds
            - greatest(
                position_start_microseconds,
                coalesce(
                    max(position_end_microseconds) over (
                        partition by user_id, show_id, season, episode, activity_date
                        order by
                            position_start_microseconds, position_end_microseconds, play_id
                        rows between unbounded preceding and 1 preceding
                    ),
                    0
                )
            )
        ) as new_microseconds,
        abs(
            position_start_microseconds - lag(position_end_microseconds) over (
                partition by user_id, show_id, season, episode, activity_date
                order by started_at, play_id
            )
        ) > {{ tolerance }} as is_sought,
        abs(position_end_microseconds - position_start_microseconds - watched_microseconds)
        > {{ tolerance }} as has_seek_within
    from positioned

),

unbroken as (

    select
        *,
        bool_or(coalesce(is_sought, false)) over (
            partition by user_id, show_id, season, episode, activity_date
            order by started_at, play_id
            rows between unbounded preceding and current row
        ) as is_after_seek
    from compared

),

viewings as (

    select
        user_id,
        show_id,
        season,
        episode,
        count(*) as play_count,
        count(runtime_minutes) as known_runtime_play_count,
        sum(watched_microseconds) as watched_microseconds,
        -- One interval does not tell what was skipped within it, but no more was watched than
        -- was played.
        least(sum(new_microseconds), sum(watched_microseconds)) as content_watched_microseconds,
        bool_or(not is_after_seek and (has_seek_within or runtime_minutes is null)) as is_untold,
        max(position_end_microseconds / (runtime_minutes * 60)) filter (
            where not is_after_seek
        ) as millionths_before_seek,
        activity_date
    from unbroken
    group by user_id, show_id, season, episode, activity_date

),

viewing_days as (

    select
        show_id,
        cast(sum(play_count) as bigint) as position_play_count,
        cast(sum(known_runtime_play_count) as bigint) as known_runtime_position_play_count,
        count(*) as viewing_count,
        count(*) filter (where known_runtime_play_count > 0) as known_runtime_viewing_count,
        cast(sum(watched_microseconds) as bigint) as position_watched_microseconds,
        cast(sum(content_watched_microseconds) as bigint) as content_watched_microseconds,
        count(*) filter (where not is_untold) as known_seek_viewing_count,
        cast(coalesce(
            sum(cast(floor(least(1000000, millionths_before_seek)) as bigint)) filter (
                where not is_untold
            ), 0
        ) as bigint) as millionths_before_seek,
        activity_date
    from viewings
    group by show_id, activity_date

),

final as (

    select
        coalesce(known.show_id, viewing_days.show_id) as show_id,
        coalesce(known.known_runtime_play_count, 0) as known_runtime_play_count,
        coalesce(viewing_days.position_play_count, 0) as position_play_count,
        coalesce(
            viewing_days.known_runtime_position_play_count, 0
        ) as known_runtime_position_play_count,
        coalesce(viewing_days.viewing_count, 0) as viewing_count,
        coalesce(viewing_days.known_runtime_viewing_count, 0) as known_runtime_viewing_count,
        coalesce(viewing_days.known_seek_viewing_count, 0) as known_seek_viewing_count,
        coalesce(known.runtime_microseconds, 0) as runtime_microseconds,
        coalesce(viewing_days.position_watched_microseconds, 0) as position_watched_microseconds,
        coalesce(viewing_days.content_watched_microseconds, 0) as content_watched_microseconds,
        coalesce(viewing_days.millionths_before_seek, 0) as millionths_before_seek,
        coalesce(known.activity_date, viewing_days.activity_date) as activity_date
    from known
    full outer join viewing_days
        on
            known.show_id = viewing_days.show_id
            and known.activity_date = viewing_days.activity_date

)

select * from final
order by activity_date
