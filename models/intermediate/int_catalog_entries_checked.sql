{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_stream', 'stream': 'catalog'},
) }}
-- depends_on: {{ ref('int_batches') }}
with

entries as (

    select *
    from {{ ref('stg_lake__catalog_entries') }}
    {%- if is_incremental() and not stream_moves('catalog') %}
    where false
    {%- endif %}

),

batches as (

    select * from {{ ref('int_batches') }}

),

parsed as (

    select
        entries.*,
        {{ single_spaced('entries.show_name') }} as clean_show_name,
        {{ parse_whole_number('entries.season', 'batches.decimal_separator') }} as season_number,
        {{ parse_whole_number('entries.episode', 'batches.decimal_separator') }} as episode_number,
        {{ parse_number('entries.runtime_minutes', 'batches.decimal_separator') }} as runtime,
        cast(
            {{ parse_timestamp('entries.released_on', "'UTC'", 'null', []) }} as date
        ) as release_date,
        {{ parse_timestamp('entries.updated_at', 'batches.time_zone', 'null', []) }} as changed_at
    from entries
    inner join batches on entries.batch_id = batches.batch_id

),

judged as (

    select
        *,
        concat_ws(
            ',',
            case when show_id is null then 'missing_show_id' end,
            case when clean_show_name is null then 'missing_show_name' end,
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
                when released_on is not null and release_date is null
                    then 'unparseable_released_on'
            end,
            case
                when updated_at is not null and changed_at is null then 'unparseable_updated_at'
            end
        ) as reasons
    from parsed

),

final as (

    select
        batch_id,
        show_id,
        clean_show_name as show_name,
        aliases,
        content_type,
        genres,
        country,
        language,
        extras,
        source,
        source_kind,
        source_uri,
        case when reasons != '' then string_split(reasons, ',') end as reason_codes,
        case
            when reasons != ''
                then
                    {{ received_record([
                        'show_id', 'show_name', 'aliases', 'content_type', 'genres', 'country',
                        'language', 'released_on', 'season', 'episode', 'runtime_minutes', 'updated_at',
                    ]) }}
        end as record,
        {{ identifier_of([
            'show_id', 'clean_show_name', 'aliases', 'content_type', 'genres', 'country', 'language',
            'release_date', 'season_number', 'episode_number', 'runtime', 'changed_at', 'extras',
        ]) }} as record_hash,
        source_position,
        season_number as season,
        episode_number as episode,
        runtime as runtime_minutes,
        reasons = '' as is_valid,
        release_date as released_on,
        changed_at as updated_at,
        landed_at
    from judged

)

select * from final
