{{ config(meta={'publish': {'order_by': ['weekday', 'hour_local']}}) }}
with

plays as (

    select *
    from {{ ref('fct_plays') }}
    where started_date in ({{ last_four_weeks() }})

),

placed as (

    select
        user_id,
        watched_microseconds,
        cast(extract(isodow from started_date) as integer) as weekday,
        {{ reporting_hour('started_at') }} as hour_local
    from plays

),

cells as (

    select
        weekday,
        hour_local,
        count(*) as play_count,
        count(distinct user_id) as user_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from placed
    group by weekday, hour_local

),

final as (

    select
        weekday,
        hour_local,
        play_count,
        user_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed
    from cells

)

select * from final
