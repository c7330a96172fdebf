{{ config(materialized='view') }}
with

events as (

    select * from {{ ref('int_watch_events_validated') }} where watched_microseconds > 0

),

resolved as (

    {{ with_shows_resolved('events') }}

),

final as (

    select
        play_id,
        batch_id,
        user_id,
        profile_id,
        show_id,
        show_id_source,
        show_name,
        content_type,
        device,
        country,
        experiment,
        variant,
        runtime_source,
        source,
        {{ passed_extras('extras') }} as extras,
        season,
        episode,
        watched_microseconds,
        resolved_runtime_minutes as runtime_minutes,
        position_start_seconds,
        position_end_seconds,
        started_date,
        started_at,
        ended_at
    from resolved

)

select * from final
