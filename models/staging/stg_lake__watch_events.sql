{{ config(meta={'live': true}) }}
-- depends_on: {{ ref('int_batches') }}
{%- set columns = raw_columns([
    'event_id', 'user_id', 'profile_id', 'show_id', 'show_name', 'content_type', 'season',
    'episode', 'runtime_minutes', 'watch_date', 'watch_duration_minutes',
    'watch_duration_seconds', 'watch_duration', 'position_start_seconds',
    'position_end_seconds', 'device', 'country', 'experiment', 'variant', 'extras',
]) %}
with

landed as (

    select * from {{ landed_rows('raw_paths', "stream = 'watch_events' and is_taken", columns) }}

),

final as (

    select
        batch_id,
        {{ blank_to_null('event_id') }} as event_id,
        {{ blank_to_null('user_id') }} as user_id,
        {{ blank_to_null('profile_id') }} as profile_id,
        {{ blank_to_null('show_id') }} as show_id,
        {{ blank_to_null('show_name') }} as show_name,
        {{ blank_to_null('content_type') }} as content_type,
        {{ blank_to_null('season') }} as season,
        {{ blank_to_null('episode') }} as episode,
        {{ blank_to_null('runtime_minutes') }} as runtime_minutes,
        {{ blank_to_null('watch_date') }} as watch_date,
        {{ blank_to_null('watch_duration_minutes') }} as watch_duration_minutes,
        {{ blank_to_null('watch_duration_seconds') }} as watch_duration_seconds,
        {{ blank_to_null('watch_duration') }} as watch_duration,
        {{ blank_to_null('position_start_seconds') }} as position_start_seconds,
        {{ blank_to_null('position_end_seconds') }} as position_end_seconds,
        {{ blank_to_null('device') }} as device,
        {{ blank_to_null('country') }} as country,
        {{ blank_to_null('experiment') }} as experiment,
        {{ blank_to_null('variant') }} as variant,
        extras,
        source,
        source_kind,
        source_uri,
        source_position,
        timezone('UTC', landed_at) as landed_at
    from landed

)

select * from final
