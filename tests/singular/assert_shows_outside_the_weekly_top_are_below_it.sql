-- A row is a show that was watched longer in a week than one among the top of its content type,
-- and is not there itself.
with

weeks as (

    select
        days.show_id,
        shows.content_type,
        cast(date_trunc('week', days.activity_date) as date) as week_started_date,
        sum(days.watched_microseconds) as watched_microseconds
    from {{ ref('fct_show_days') }} as days
    inner join {{ ref('dim_shows') }} as shows on days.show_id = shows.show_id
    where
        days.activity_date in (
            select
                unnest(generate_series(
                    date_trunc('week', changed.activity_date),
                    date_trunc('week', changed.activity_date) + interval '6 days',
                    interval '1 day'
                ))
            from {{ ref('int_changed_days') }} as changed
        )
    group by days.show_id, shows.content_type, week_started_date

),

lasts as (

    select
        content_type,
        week_started_date,
        min(watched_microseconds) as watched_microseconds,
        count(*) as top_count
    from {{ ref('rpt_weekly_top_shows') }}
    group by content_type, week_started_date

)

select
    weeks.show_id,
    weeks.content_type,
    weeks.week_started_date,
    weeks.watched_microseconds,
    lasts.watched_microseconds as last_watched_microseconds
from weeks
left join lasts
    on weeks.content_type = lasts.content_type and weeks.week_started_date = lasts.week_started_date
left join {{ ref('rpt_weekly_top_shows') }} as tops
    on
        weeks.show_id = tops.show_id
        and weeks.content_type = tops.content_type
        and weeks.week_started_date = tops.week_started_date
where
    weeks.content_type is not null
    and case
        when tops.show_id is not null
            then weeks.watched_microseconds != tops.watched_microseconds
        else
            lasts.top_count is null
            or lasts.top_count < {{ var('top_shows') }}
            or weeks.watched_microseconds >= lasts.watched_microseconds
    end
