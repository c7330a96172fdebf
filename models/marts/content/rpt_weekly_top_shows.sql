{{ config(meta={'publish': {'order_by': ['week_started_date', 'content_type', 'hours_rank']}}) }}
-- Made anew by every build: a catalogue that changes a show's content type moves it in weeks in
-- which no play has changed.
with

show_days as (

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
        cast(date_trunc('week', activity_date) as date) as week_started_date,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from show_days
    group by show_id, cast(date_trunc('week', activity_date) as date)

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
        end as views_rank,
        weeks.watched_microseconds / 60e6 / show_windows.runtime_minutes as views,
        weeks.week_started_date
    from weeks
    inner join shows on weeks.show_id = shows.show_id
    left join show_windows on weeks.show_id = show_windows.show_id
    where shows.content_type is not null

),

final as (

    select
        ranked.show_id,
        ranked.show_name,
        ranked.content_type,
        ranked.hours_rank,
        ranked.views_rank,
        row_number() over (
            partition by ranked.content_type, ranked.show_id
            order by ranked.week_started_date
        ) as week_in_top_count,
        ranked.play_count,
        ranked.watched_microseconds,
        ranked.watched_microseconds / 3600e6 as hours_viewed,
        ranked.views,
        bounds.last_activity_date > ranked.week_started_date + 6 as is_complete_week,
        ranked.week_started_date
    from ranked
    cross join bounds
    where ranked.hours_rank <= {{ var('top_shows') }}

)

select * from final
