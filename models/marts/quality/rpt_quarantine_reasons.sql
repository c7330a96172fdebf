{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'of_changed_ingest_dates',
        'publish': {'order_by': ['ingest_date', 'source', 'reason_code']},
    },
) }}
-- depends_on: {{ ref('int_batches') }}
-- depends_on: {{ ref('int_changed_batches') }}
with

batches as (

    select *
    from {{ ref('rpt_batch_reconciliation') }} as batch
    where status = 'current'
    {%- if is_incremental() %} and {{ of_changed_ingest_dates('batch') }}{% endif %}

),

quarantined as (

    select * from {{ ref('fct_quarantined_events') }}

),

read as (

    select
        source,
        ingest_date,
        cast(sum(read_count) as bigint) as read_count
    from batches
    group by source, ingest_date

),

reasons as (

    select
        batches.source,
        batches.ingest_date,
        unnest(quarantined.reason_codes) as reason_code
    from quarantined
    inner join batches on quarantined.batch_id = batches.batch_id

),

counted as (

    select
        source,
        reason_code,
        ingest_date,
        count(*) as record_count
    from reasons
    group by source, reason_code, ingest_date

),

final as (

    select
        counted.source,
        counted.reason_code,
        counted.record_count,
        read.read_count,
        counted.record_count / read.read_count as record_rate,
        counted.ingest_date
    from counted
    inner join read
        on counted.source = read.source and counted.ingest_date = read.ingest_date

)

select * from final
