-- A row is a bucket that more plays of a show survive than the one before it, or a show of which
-- more plays reached a later mark than an earlier one.
with

curves as (

    select
        show_id,
        basis,
        bucket,
        covering_play_count,
        started_count,
        lag(covering_play_count, 1, started_count) over (
            partition by show_id order by bucket
        ) as covering_play_count_before
    from {{ ref('rpt_retention_curves') }}

),

marks as (

    select
        show_id,
        known_runtime_play_count,
        [
            known_runtime_play_count,
            percent_reached_10_count,
            percent_reached_25_count,
            percent_reached_50_count,
            percent_reached_75_count,
            percent_reached_90_count,
            percent_reached_100_count
        ] as play_counts
    from {{ ref('rpt_show_progress') }}

)

select
    show_id,
    bucket,
    covering_play_count,
    covering_play_count_before
from curves
where basis = 'completion' and covering_play_count > covering_play_count_before

union all

select
    show_id,
    cast(null as integer) as bucket,
    play_counts[7] as covering_play_count,
    known_runtime_play_count as covering_play_count_before
from marks
where known_runtime_play_count > 0 and play_counts != list_reverse_sort(play_counts)
