{{ config(meta={'publish': {'order_by': ['show_id'], 'indexes': [['show_id']]}}) }}
with

viewing_days as (

    select * from {{ ref('int_show_viewing_days') }}

),

progress_days as (

    select * from {{ ref('int_show_progress_days') }}

),

viewings as (

    select
        show_id,
        cast(sum(known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(position_play_count) as bigint) as position_play_count,
        cast(sum(viewing_count) as bigint) as viewing_count,
        cast(sum(known_seek_viewing_count) as bigint) as known_seek_viewing_count,
        cast(sum(position_watched_microseconds) as bigint) as position_watched_microseconds,
        cast(sum(content_watched_microseconds) as bigint) as content_watched_microseconds,
        cast(sum(millionths_before_seek) as bigint) as millionths_before_seek
    from viewing_days
    group by show_id

),

reached as (

    select
        show_id,
        sum(reached_play_count) filter (where reached_percent >= 10) as percent_reached_10_count,
        sum(reached_play_count) filter (where reached_percent >= 25) as percent_reached_25_count,
        sum(reached_play_count) filter (where reached_percent >= 50) as percent_reached_50_count,
        sum(reached_play_count) filter (where reached_percent >= 75) as percent_reached_75_count,
        sum(reached_play_count) filter (where reached_percent >= 90) as percent_reached_90_count,
        sum(reached_play_count) filter (where reached_percent >= 100) as percent_reached_100_count
    from progress_days
    group by show_id

),

final as (

    select
        viewings.show_id,
        viewings.known_runtime_play_count,
        case
            when viewings.known_runtime_play_count > 0
                then cast(coalesce(reached.percent_reached_10_count, 0) as bigint)
        end as percent_reached_10_count,
        case
            when viewings.known_runtime_play_count > 0
                then cast(coalesce(reached.percent_reached_25_count, 0) as bigint)
        end as percent_reached_25_count,
        case
            when viewings.known_runtime_play_count > 0
                then cast(coalesce(reached.percent_reached_50_count, 0) as bigint)
        end as percent_reached_50_count,
        case
            when viewings.known_runtime_play_count > 0
                then cast(coalesce(reached.percent_reached_75_count, 0) as bigint)
        end as percent_reached_75_count,
        case
            when viewings.known_runtime_play_count > 0
                then cast(coalesce(reached.percent_reached_90_count, 0) as bigint)
        end as percent_reached_90_count,
        case
            when viewings.known_runtime_play_count > 0
                then cast(coalesce(reached.percent_reached_100_count, 0) as bigint)
        end as percent_reached_100_count,
        viewings.position_play_count,
        viewings.viewing_count,
        viewings.known_seek_viewing_count,
        viewings.position_watched_microseconds,
        case
            when viewings.viewing_count > 0 then viewings.content_watched_microseconds
        end as content_watched_microseconds,
        case
            when viewings.viewing_count > 0 then viewings.content_watched_microseconds / 60e6
        end as content_watched_minutes,
        1 - viewings.content_watched_microseconds
        / nullif(viewings.position_watched_microseconds, 0) as rewatch_rate,
        viewings.millionths_before_seek
        / 1e6
        / nullif(viewings.known_seek_viewing_count, 0) as retention_before_seek
    from viewings
    left join reached on viewings.show_id = reached.show_id

)

select * from final
