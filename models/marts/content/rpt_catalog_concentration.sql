{{ config(meta={'publish': {'order_by': ['window_name']}}) }}
-- A row of a window for each show that was played in it: few, however long the history.
with

show_windows as (

    select * from {{ ref('rpt_show_windows') }}

),

-- From the show with most hours; which of two equal ones comes first changes no sum.
placed as (

    select
        window_name,
        watched_microseconds,
        row_number() over (
            partition by window_name order by watched_microseconds desc, show_id asc
        ) as place
    from show_windows

),

summed as (

    select
        window_name,
        count(*) as show_count,
        sum(cast(watched_microseconds as hugeint)) as watched_microseconds,
        sum(watched_microseconds) filter (
            where place <= {{ var('top_shows') }}
        ) as top_microseconds,
        sum(cast(watched_microseconds as hugeint) * place) as placed_microseconds
    from placed
    group by window_name

),

final as (

    select
        window_name,
        show_count,
        cast(watched_microseconds as bigint) as watched_microseconds,
        (2 * placed_microseconds - watched_microseconds) / watched_microseconds
            as effective_catalog_size,
        top_microseconds / watched_microseconds as top10_share,
        ((show_count + 1) * watched_microseconds - 2 * placed_microseconds)
        / (show_count * watched_microseconds) as gini
    from summed

)

select * from final
