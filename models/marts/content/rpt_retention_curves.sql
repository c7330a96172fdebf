{{ config(meta={
    'publish': {'order_by': ['show_id', 'bucket'], 'indexes': [['show_id']]},
}) }}
with

viewing_days as (

    select * from {{ ref('int_show_viewing_days') }}

),

progress_days as (

    select * from {{ ref('int_show_progress_days') }}

),

totals as (

    select
        show_id,
        sum(known_runtime_play_count) as known_runtime_play_count,
        sum(known_runtime_position_play_count) as position_play_count,
        sum(known_runtime_viewing_count) as viewing_count,
        sum(runtime_microseconds) as runtime_microseconds
    from viewing_days
    group by show_id

),

-- One basis for the whole of a show: a curve of plays with positions beside one of those without
-- would be neither.
shows as (

    select
        show_id,
        position_play_count
        >= {{ var('retention_min_position_share') }} * known_runtime_play_count as has_positions,
        known_runtime_play_count,
        position_play_count,
        viewing_count,
        runtime_microseconds / known_runtime_play_count / 60e6 as mean_runtime_minutes
    from totals
    where known_runtime_play_count > 0

),

described as (

    select
        show_id,
        case when has_positions then 'positions' else 'completion' end as basis,
        case
            {%- for minutes in var('runtime_band_minutes') | reverse %}
            when mean_runtime_minutes >= {{ minutes }} then {{ minutes }}
            {%- endfor %}
            else 0
        end as runtime_band_minutes,
        cast(
            case when has_positions then position_play_count else known_runtime_play_count end
            as bigint
        ) as play_count,
        cast(
            case when has_positions then viewing_count else known_runtime_play_count end
            as bigint
        ) as started_count,
        mean_runtime_minutes
    from shows

),

progress as (

    select
        show_id,
        reached_percent,
        sum(completed_play_count) as completed_play_count,
        sum(covering_play_change) as covering_play_change
    from progress_days
    group by show_id, reached_percent

),

buckets as (

    select cast(unnest(generate_series(0, 100)) as integer) as bucket

),

-- From the start those who came and went, from the end those who got that far.
counted as (

    select
        described.show_id,
        described.basis,
        described.runtime_band_minutes,
        buckets.bucket,
        described.play_count,
        described.started_count,
        cast(
            case
                when described.basis = 'positions'
                    then
                        sum(coalesce(progress.covering_play_change, 0)) over (
                            partition by described.show_id
                            order by buckets.bucket
                            rows between unbounded preceding and current row
                        )
                else
                    sum(coalesce(progress.completed_play_count, 0)) over (
                        partition by described.show_id
                        order by buckets.bucket
                        rows between current row and unbounded following
                    )
            end as bigint
        ) as covering_play_count,
        described.mean_runtime_minutes
    from described
    cross join buckets
    left join progress
        on described.show_id = progress.show_id and buckets.bucket = progress.reached_percent

),

ratios as (

    select
        *,
        covering_play_count / started_count as audience_watch_ratio
    from counted
    where bucket > 0

),

ranked as (

    select
        *,
        rank() over (
            partition by basis, runtime_band_minutes, bucket order by audience_watch_ratio
        ) as place,
        count(*) over (
            partition by basis, runtime_band_minutes, bucket, audience_watch_ratio
        ) as tie_count,
        count(*) over (partition by basis, runtime_band_minutes, bucket) as compared_show_count
    from ratios

),

final as (

    select
        show_id,
        basis,
        bucket,
        play_count,
        started_count,
        covering_play_count,
        compared_show_count,
        runtime_band_minutes,
        mean_runtime_minutes,
        audience_watch_ratio,
        -- Shows that tie share the middle of their places: none is called the worst for it.
        (place - 1 + (tie_count - 1) / 2)
        / nullif(compared_show_count - 1, 0) as relative_retention
    from ranked

)

select * from final
