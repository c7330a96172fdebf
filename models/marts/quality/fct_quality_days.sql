{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'on_changed_ingest_dates',
        'publish': {'order_by': ['ingest_date', 'stream', 'source']},
    },
) }}
-- depends_on: {{ ref('int_batches') }}
-- depends_on: {{ ref('int_changed_batches') }}
with

batches as (

    select *
    from {{ ref('rpt_batch_reconciliation') }} as batch
    {%- if is_incremental() %}
    where {{ on_changed_ingest_dates('batch') }}
    {%- endif %}

),

events as (

    select * from {{ ref('int_watch_events_validated') }}

),

-- All rows of a batch landed at one moment: naming it lets the engine skip what landed at others.
landed as (

    select
        batches.ingest_date,
        batches.source,
        events.started_date,
        batches.landed_at,
        epoch_us(batches.landed_at) - epoch_us(events.ended_at) as lag_microseconds,
        events.ended_at
    from events
    inner join batches
        on events.batch_id = batches.batch_id and events.landed_at = batches.landed_at
    where batches.stream = 'watch_events'

),

lags as (

    select
        'watch_events' as stream,
        ingest_date,
        source,
        percentile_disc(0.95) within group (order by lag_microseconds) as lag_p95_microseconds,
        max(ended_at) as last_ended_at
    from landed
    group by ingest_date, source

),

landed_days as (

    select
        ingest_date,
        source,
        started_date,
        landed_at,
        count(*) as event_count
    from landed
    group by ingest_date, source, started_date, landed_at

),

delays as (

    select
        'watch_events' as stream,
        ingest_date,
        source,
        cast(sum(
            case
                when
                    landed_at
                    > {{ reporting_day_started_at('(started_date + 1)') }}
                    + interval '{{ var("late_after_hours") }} hours'
                    then event_count
                else 0
            end
        ) as bigint) as late_count
    from landed_days
    group by ingest_date, source

),

days as (

    select
        stream,
        source,
        ingest_date,
        cast(sum(read_count) as bigint) as read_count,
        cast(sum(rejected_count) as bigint) as rejected_count,
        cast(sum(landed_count) as bigint) as landed_count,
        cast(sum(valid_count) as bigint) as valid_count,
        cast(sum(quarantined_count) as bigint) as quarantined_count,
        cast(sum(duplicate_count) as bigint) as duplicate_count,
        cast(sum(superseded_count) as bigint) as superseded_count,
        cast(sum(conservation_gap) as bigint) as conservation_gap
    from batches
    group by stream, source, ingest_date

),

final as (

    select
        days.stream,
        days.source,
        days.read_count,
        days.rejected_count,
        days.landed_count,
        days.valid_count,
        days.quarantined_count,
        days.duplicate_count,
        days.superseded_count,
        days.conservation_gap,
        case when days.stream = 'watch_events' then coalesce(delays.late_count, 0) end
            as late_count,
        days.rejected_count / nullif(days.read_count, 0) as rejection_rate,
        days.quarantined_count / nullif(days.landed_count - days.superseded_count, 0)
            as quarantine_rate,
        days.duplicate_count / nullif(days.landed_count - days.superseded_count, 0)
            as duplicate_rate,
        delays.late_count / nullif(days.valid_count, 0) as late_rate,
        lags.lag_p95_microseconds / 1e6 as event_lag_p95_seconds,
        days.ingest_date,
        lags.last_ended_at
    from days
    left join lags
        on
            days.stream = lags.stream
            and days.source = lags.source
            and days.ingest_date = lags.ingest_date
    left join delays
        on
            days.stream = delays.stream
            and days.source = delays.source
            and days.ingest_date = delays.ingest_date

)

select * from final
