{{ config(meta={'publish': {'order_by': ['week_started_date', 'content_type', 'top10_rank']}}) }}
-- Made anew by every build: a catalogue that changes a show's content type moves it in weeks in
-- which no play has changed.
with

show_days as not materialized (

    select * from {{ ref('fct_show_days') }}

),

shows as (

    select * from {{ ref('dim_shows') }}

),

-- The runtime of a show as a whole, whatever the window; every show with a play is in this one.
show_windows as (

    select * from {{ ref('rpt_show_windows') }} where window_name = 'all'

),

bounds as (

    select max(activity_date) as last_activity_date from show_days

),

weeks as (

    select
        show_id,
        {{ period_started_date('week', 'activity_date') }} as week_started_date,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from show_days
    group by show_id, {{ period_started_date('week', 'activity_date') }}

),

ranked as (

    select
        weeks.show_id,
        shows.show_name,
        shows.content_type,
        weeks.play_count,
        weeks.watched_microseconds,
        rank() over (
            partition by weeks.week_started_date, shows.content_type
            order by weeks.watched_microseconds desc
        ) as hours_rank,
        case
            when show_windows.runtime_minutes is not null
                then
                    rank() over (
                        partition by
                            weeks.week_started_date,
                            shows.content_type,
                            show_windows.runtime_minutes is null
                        order by
                            weeks.watched_microseconds / show_windows.runtime_minutes desc,
                            weeks.watched_microseconds desc
                    )
        end as top10_rank,
        weeks.watched_microseconds / 60e6 / show_windows.runtime_minutes as views,
        weeks.week_started_date
    from weeks
    inner join shows on weeks.show_id = shows.show_id
    left join show_windows on weeks.show_id = show_windows.show_id
    where shows.content_type is not null

),

-- By the rank by views; a show that can have none must not be missed for that, if it is among the
-- first by hours.
listed as (

    select *
    from ranked
    where coalesce(top10_rank, hours_rank) <= {{ var('top_shows') }}

),

final as (

    select
        listed.show_id,
        listed.show_name,
        listed.content_type,
        listed.top10_rank,
        listed.hours_rank,
        row_number() over (
            partition by listed.content_type, listed.show_id
            order by listed.week_started_date
        ) as week_in_top_count,
        listed.play_count,
        listed.watched_microseconds,
        listed.watched_microseconds / 3600e6 as hours_viewed,
        listed.views,
        bounds.last_activity_date > listed.week_started_date + 6 as is_complete_week,
        listed.week_started_date
    from listed
    cross join bounds

)

select * from final
