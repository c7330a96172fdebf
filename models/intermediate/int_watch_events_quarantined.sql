{{ config(materialized='view') }}
-- depends_on: {{ ref('int_batches') }}
with

events as (

    select *
    from {{ ref('int_watch_events_checked') }}
    where not is_valid and {{ of_taken_batches() }}

),

final as (

    select
        batch_id,
        source,
        source_kind,
        source_uri,
        reason_codes,
        record,
        source_position,
        landed_at
    from events

)

select * from final
