{{ config(meta={
    'publish': {'order_by': ['scored_date', 'engagement_segment', 'score_quintile']},
}) }}
with

scores as (

    select * from {{ ref('int_user_scores') }}

),

segments as (

    select
        engagement_segment,
        score_quintile,
        count(*) as user_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        case
            when count(is_retained) > 0 then count(*) filter (where is_retained)
        end as retained_user_count,
        scored_date
    from scores
    where engagement_segment is not null
    group by engagement_segment, score_quintile, scored_date

),

final as (

    select
        engagement_segment,
        score_quintile,
        user_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed,
        retained_user_count,
        retained_user_count / user_count as retention_rate_28d,
        scored_date
    from segments

)

select * from final
