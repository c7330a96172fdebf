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

landing_days as (

    select * from {{ ref('int_landing_days') }}

),

landed_days as (

    select
        batches.ingest_date,
        batches.source,
        batches.batch_id,
        landing_days.started_date,
        landing_days.landed_at,
        landing_days.last_ended_at,
        landing_days.event_count,
        epoch_us(landing_days.landed_at) - epoch_us(landing_days.last_ended_at)
            as least_lag_microseconds,
        epoch_us(landing_days.landed_at) - epoch_us(landing_days.first_ended_at)
            as greatest_lag_microseconds
    from landing_days
    inner join batches on landing_days.batch_id = batches.batch_id
    where batches.stream = 'watch_events'

),

-- The 95th of 100 lags is looked for by its place. What is told of the days of a batch leaves few
-- of them in which it can be, and only the events of these are read.
placed as (

    select
        *,
        sum(event_count) over whole - sum(event_count) over whole // 20 as lag_place,
        sum(event_count) over (
            partition by ingest_date, source order by greatest_lag_microseconds
        ) as until_count,
        sum(event_count)
            over (
                partition by ingest_date, source order by least_lag_microseconds
            )
        - sum(event_count) over (
            partition by ingest_date, source, least_lag_microseconds
        ) as before_count
    from landed_days
    window whole as (partition by ingest_date, source)

),

-- So many lags are not above until_microseconds, and so few are below from_microseconds.
lag_bounds as (

    select
        ingest_date,
        source,
        max(lag_place) as lag_place,
        max(least_lag_microseconds) filter (where before_count < lag_place) as from_microseconds,
        min(greatest_lag_microseconds) filter (where until_count >= lag_place)
            as until_microseconds,
        max(last_ended_at) as last_ended_at
    from placed
    group by ingest_date, source

),

lag_places as (

    select
        lag_bounds.ingest_date,
        lag_bounds.source,
        lag_bounds.lag_place - coalesce(sum(landed_days.event_count) filter (
            where landed_days.greatest_lag_microseconds < lag_bounds.from_microseconds
        ), 0) as lag_place
    from lag_bounds
    inner join landed_days
        on
            lag_bounds.ingest_date = landed_days.ingest_date
            and lag_bounds.source = landed_days.source
    group by lag_bounds.ingest_date, lag_bounds.source, lag_bounds.lag_place

),

near_days as (

    select
        landed_days.ingest_date,
        landed_days.source,
        landed_days.batch_id,
        landed_days.started_date,
        landed_days.landed_at
    from landed_days
    inner join lag_bounds
        on
            landed_days.ingest_date = lag_bounds.ingest_date
            and landed_days.source = lag_bounds.source
    where
        landed_days.greatest_lag_microseconds >= lag_bounds.from_microseconds
        and landed_days.least_lag_microseconds <= lag_bounds.until_microseconds

),

-- All rows of a batch landed at one moment: naming it lets the engine skip what landed at others.
near_lags as (

    select
        near_days.ingest_date,
        near_days.source,
        epoch_us(near_days.landed_at) - epoch_us(events.ended_at) as lag_microseconds,
        row_number() over (
            partition by near_days.ingest_date, near_days.source
            order by epoch_us(near_days.landed_at) - epoch_us(events.ended_at)
        ) as lag_place
    from events
    inner join near_days
        on
            events.started_date = near_days.started_date
            and events.batch_id = near_days.batch_id
            and events.landed_at = near_days.landed_at

),

lags as (

    select
        'watch_events' as stream,
        lag_bounds.ingest_date,
        lag_bounds.source,
        near_lags.lag_microseconds as lag_p95_microseconds,
        lag_bounds.last_ended_at
    from lag_bounds
    inner join lag_places
        on
            lag_bounds.ingest_date = lag_places.ingest_date
            and lag_bounds.source = lag_places.source
    inner join near_lags
        on
            lag_places.ingest_date = near_lags.ingest_date
            and lag_places.source = near_lags.source
            and lag_places.lag_place = near_lags.lag_place

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
