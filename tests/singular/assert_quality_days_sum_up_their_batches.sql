-- A row is a day of landing whose counts are not those of its batches, or of whose valid events not
-- each was counted on the day that it started.
with

batches as (

    select
        stream,
        source,
        ingest_date,
        sum(read_count) as read_count,
        sum(rejected_count) as rejected_count,
        sum(landed_count) as landed_count,
        sum(valid_count) as valid_count,
        sum(quarantined_count) as quarantined_count,
        sum(duplicate_count) as duplicate_count,
        sum(superseded_count) as superseded_count,
        sum(conservation_gap) as conservation_gap
    from {{ ref('rpt_batch_reconciliation') }}
    group by stream, source, ingest_date

),

days as (

    select * from {{ ref('fct_quality_days') }}

),

counted as (

    select
        batches.stream,
        batches.source,
        batches.ingest_date,
        sum(landing_days.event_count) as event_count
    from {{ ref('int_landing_days') }} as landing_days
    inner join {{ ref('rpt_batch_reconciliation') }} as batches
        on landing_days.batch_id = batches.batch_id
    group by batches.stream, batches.source, batches.ingest_date

)

select
    coalesce(batches.ingest_date, days.ingest_date) as ingest_date,
    coalesce(batches.stream, days.stream) as stream_name,
    coalesce(batches.source, days.source) as source_name,
    days.late_count,
    counted.event_count
from batches
full outer join days
    on
        batches.ingest_date = days.ingest_date
        and batches.stream = days.stream
        and batches.source = days.source
left join counted
    on
        batches.ingest_date = counted.ingest_date
        and batches.stream = counted.stream
        and batches.source = counted.source
where
    days.late_count > days.valid_count
    or batches.read_count is distinct from days.read_count
    or batches.rejected_count is distinct from days.rejected_count
    or batches.landed_count is distinct from days.landed_count
    or batches.valid_count is distinct from days.valid_count
    or batches.quarantined_count is distinct from days.quarantined_count
    or batches.duplicate_count is distinct from days.duplicate_count
    or batches.superseded_count is distinct from days.superseded_count
    or batches.conservation_gap is distinct from days.conservation_gap
    or (
        batches.stream = 'watch_events'
        and batches.valid_count != coalesce(counted.event_count, 0)
    )
