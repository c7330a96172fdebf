{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_files_read_again'},
) }}
-- depends_on: {{ source('history', 'published_batches') }}
with

final as (

    select
        ledger_path,
        batch_id,
        stream,
        source,
        source_kind,
        source_uri,
        content_hash,
        replay_of,
        watch_date_format,
        time_zone,
        decimal_separator,
        supersedes,
        raw_paths,
        reject_paths,
        read_count,
        rejected_count,
        landed_count,
        revision,
        ingest_date,
        landed_at
    from {{ ref('stg_lake__ledger_entries') }}

)

select * from final
