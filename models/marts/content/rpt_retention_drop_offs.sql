{{ config(meta={
    'publish': {'order_by': ['show_id', 'drop_rank'], 'indexes': [['show_id']]},
}) }}
with

curves as (

    select * from {{ ref('rpt_retention_curves') }}

),

falls as (

    select
        show_id,
        basis,
        bucket,
        play_count,
        started_count,
        lag(covering_play_count) over (
            partition by show_id order by bucket
        ) - covering_play_count as lost_play_count
    from curves

),

ranked as (

    select
        *,
        row_number() over (
            partition by show_id order by lost_play_count desc, bucket asc
        ) as drop_rank
    from falls
    where lost_play_count > 0

),

final as (

    select
        show_id,
        basis,
        bucket,
        drop_rank,
        play_count,
        started_count,
        lost_play_count,
        lost_play_count / started_count as drop  -- noqa: RF04
    from ranked
    where drop_rank <= {{ var('drop_off_points') }}

)

select * from final
