{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

plays as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_plays') }}
    ) as play
    where runtime_minutes > 0{% if is_incremental() %} and {{ on_changed_days('play') }}{% endif %}

),

-- Multiplied before it is divided: 29 of 100 minutes are then 29 whole percent, and not one less.
-- An engine may take the least of a null and a bound to be the bound.
measured as (

    select
        show_id,
        cast(
            floor(least(100, watched_microseconds * 100 / (runtime_minutes * 60e6))) as integer
        ) as completed_percent,
        case
            when position_start_seconds is not null
                then
                    cast(
                        floor(least(100, position_start_seconds * 100 / (runtime_minutes * 60)))
                        as integer
                    )
        end as start_percent,
        case
            when position_end_seconds is not null
                then
                    cast(
                        floor(least(100, position_end_seconds * 100 / (runtime_minutes * 60)))
                        as integer
                    )
        end as end_percent,
        activity_date
    from plays

),

alike as (

    select
        show_id,
        completed_percent,
        start_percent,
        end_percent,
        count(*) as play_count,
        activity_date
    from measured
    group by show_id, completed_percent, start_percent, end_percent, activity_date

),

-- A play from a to b covers the whole percents after a up to b: it comes in with the first of
-- them and leaves after the last.
moves as (

    select
        show_id,
        completed_percent as reached_percent,
        play_count as completed_play_count,
        0 as reached_play_count,
        0 as covering_play_change,
        activity_date
    from alike

    union all

    select
        show_id,
        coalesce(end_percent, completed_percent) as reached_percent,
        0 as completed_play_count,
        play_count as reached_play_count,
        0 as covering_play_change,
        activity_date
    from alike

    union all

    select
        show_id,
        start_percent + 1 as reached_percent,
        0 as completed_play_count,
        0 as reached_play_count,
        play_count as covering_play_change,
        activity_date
    from alike
    where end_percent > start_percent

    union all

    select
        show_id,
        end_percent + 1 as reached_percent,
        0 as completed_play_count,
        0 as reached_play_count,
        -play_count as covering_play_change,
        activity_date
    from alike
    where end_percent > start_percent

),

final as (

    select
        show_id,
        reached_percent,
        cast(sum(completed_play_count) as bigint) as completed_play_count,
        cast(sum(reached_play_count) as bigint) as reached_play_count,
        cast(sum(covering_play_change) as bigint) as covering_play_change,
        activity_date
    from moves
    group by show_id, reached_percent, activity_date

)

select * from final
order by activity_date
