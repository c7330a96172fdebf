-- A table, so that the whole build works on the ledger as it stood when the build began.
with

-- Compaction writes entries anew, in other files: while both are there, the newer one counts.
entries as (

    select *
    from {{ ref('int_ledger_entries') }}
    qualify row_number() over (partition by batch_id order by revision desc, landed_at asc) = 1

),

published as (

    select batch_id from {{ source('history', 'published_batches') }}

),

-- Published by the fast selection only: to any other run, as if they had come just now.
waiting as (

    select batch_id from {{ source('history', 'waiting_batches') }}
    {%- if is_core_run() %} where false{% endif %}

),

superseding as (

    select
        unnest(supersedes) as batch_id,
        batch_id as superseded_by
    from entries

),

superseded as (

    select
        superseding.batch_id,
        min(superseding.superseded_by) as superseded_by,
        bool_or(published.batch_id is null) as is_withdrawn,
        bool_or(published.batch_id is null or waiting.batch_id is not null) as is_moved
    from superseding
    left join published on superseding.superseded_by = published.batch_id
    left join waiting on superseding.superseded_by = waiting.batch_id
    group by superseding.batch_id

),

final as (

    select
        entries.batch_id,
        superseded.superseded_by,
        entries.stream,
        entries.source,
        entries.source_kind,
        entries.source_uri,
        entries.content_hash,
        entries.replay_of,
        entries.watch_date_format,
        entries.time_zone,
        entries.decimal_separator,
        entries.raw_paths,
        entries.reject_paths,
        entries.read_count,
        entries.rejected_count,
        entries.landed_count,
        superseded.batch_id is not null as is_superseded,
        superseded.batch_id is null and published.batch_id is null as is_taken,
        coalesce(superseded.is_withdrawn, false) as is_withdrawn,
        coalesce(
            superseded.is_moved, published.batch_id is null or waiting.batch_id is not null
        ) as is_moved,
        entries.ingest_date,
        entries.landed_at
    from entries
    left join superseded on entries.batch_id = superseded.batch_id
    left join published on entries.batch_id = published.batch_id
    left join waiting on entries.batch_id = waiting.batch_id

)

select * from final
