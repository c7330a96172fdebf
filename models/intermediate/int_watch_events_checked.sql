{{ config(meta={'live': true}) }}
-- depends_on: {{ ref('int_batches') }}
with

events as (

    select * from {{ ref('stg_lake__watch_events') }}

),

batches as (

    select * from {{ ref('int_batches') }}

),

parsed as (

    select
        events.*,
        {{ single_spaced('events.show_name') }} as clean_show_name,
        {{ parse_whole_number('events.season', 'batches.decimal_separator') }} as season_number,
        {{ parse_whole_number('events.episode', 'batches.decimal_separator') }} as episode_number,
        {{ parse_number('events.runtime_minutes', 'batches.decimal_separator') }} as runtime,
        {{ parse_number(
            'events.position_start_seconds', 'batches.decimal_separator'
        ) }} as position_start,
        {{ parse_number(
            'events.position_end_seconds', 'batches.decimal_separator'
        ) }} as position_end,
        coalesce(
            events.watch_duration_minutes, events.watch_duration_seconds, events.watch_duration
        ) as given_duration,
        case
            when events.watch_duration_minutes is not null
                then
                    {{ as_microseconds(
                        parse_number('events.watch_duration_minutes', 'batches.decimal_separator'), 60000000
                    ) }}
            when events.watch_duration_seconds is not null
                then
                    {{ as_microseconds(
                        parse_number('events.watch_duration_seconds', 'batches.decimal_separator'), 1000000
                    ) }}
            else {{ parse_clock('events.watch_duration') }}
        end as watched_microseconds,
        {{ parse_timestamp(
            'events.watch_date', 'batches.time_zone', 'batches.watch_date_format', watch_date_formats()
        ) }} as watched_at
    from events
    inner join batches on events.batch_id = batches.batch_id

),

-- The codes, their severity and their meaning are the seed quarantine_reasons.
judged as (

    select
        *,
        concat_ws(
            ',',
            case when user_id is null then 'missing_user_id' end,
            case when clean_show_name is null then 'missing_show_name' end,
            case when watch_date is null then 'missing_watch_date' end,
            case when given_duration is null then 'missing_watch_duration' end,
            case
                when watch_date is not null and watched_at is null then 'unparseable_watch_date'
            end,
            case
                when given_duration is not null and watched_microseconds is null
                    then 'unparseable_watch_duration'
            end,
            case when watched_microseconds < 0 then 'negative_watch_duration' end,
            case
                when
                    watched_microseconds
                    > {{ var('longest_watch_minutes') }} * cast(60000000 as bigint)
                    then 'watch_duration_too_long'
            end,
            case
                when
                    watched_at
                    > landed_at
                    + interval '{{ var("latest_watch_date_tolerance_minutes") }} minutes'
                    then 'watch_date_in_future'
            end,
            case
                when watched_at < cast('{{ var("earliest_watch_date") }}' as timestamp)
                    then 'watch_date_too_early'
            end,
            case
                when
                    (season is not null and season_number is null)
                    or (episode is not null and episode_number is null)
                    then 'unparseable_episode'
            end,
            case
                when runtime_minutes is not null and (runtime is null or runtime < 0)
                    then 'unparseable_runtime'
            end,
            case
                when
                    (position_start_seconds is not null and position_start is null)
                    or (position_end_seconds is not null and position_end is null)
                    then 'unparseable_position'
            end,
            case
                when position_start < 0 or position_end < position_start
                    then 'positions_out_of_order'
            end
        ) as reasons
    from parsed

),

timed as (

    select
        *,
        watched_at
        {%- if var('watch_date_is') == 'end' %} - to_microseconds(watched_microseconds){% endif %}
            as started_at
    from judged

),

final as (

    select
        case
            when reasons = '' and event_id is not null
                then {{ identifier_of(["'event'", 'source', 'event_id']) }}
            when reasons = ''
                then
                    {{ identifier_of([
                        "'content'",
                        'source',
                        'user_id',
                        'coalesce(show_id, ' ~ name_key('clean_show_name') ~ ')',
                        'season_number',
                        'episode_number',
                        "epoch_us(started_at)",
                        'watched_microseconds',
                    ]) }}
        end as play_id,
        batch_id,
        event_id,
        user_id,
        profile_id,
        show_id as received_show_id,
        clean_show_name as show_name,
        content_type,
        device,
        country,
        experiment,
        variant,
        extras,
        source,
        source_kind,
        source_uri,
        case when reasons != '' then string_split(reasons, ',') end as reason_codes,
        -- Only a record that is set aside is kept as it came.
        case
            when reasons != ''
                then
                    {{ received_record([
                        'event_id', 'user_id', 'profile_id', 'show_id', 'show_name', 'content_type',
                        'season', 'episode', 'runtime_minutes', 'watch_date', 'watch_duration_minutes',
                        'watch_duration_seconds', 'watch_duration', 'position_start_seconds',
                        'position_end_seconds', 'device', 'country', 'experiment', 'variant',
                    ]) }}
        end as record,
        source_position,
        season_number as season,
        episode_number as episode,
        runtime as runtime_minutes,
        position_start as position_start_seconds,
        position_end as position_end_seconds,
        watched_microseconds,
        reasons = '' as is_valid,
        {{ reporting_date('started_at') }} as started_date,
        started_at,
        started_at + to_microseconds(watched_microseconds) as ended_at,
        landed_at
    from timed

)

select * from final
