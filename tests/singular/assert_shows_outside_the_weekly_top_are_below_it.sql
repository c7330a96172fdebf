-- A row is a show that has more views in a week than one on the list of its content type, or as many
-- and more hours, or without views more hours than the list's last place by hours, and is not there
-- itself; or a show that is there and should not be.
with

weeks as (

    select
        days.show_id,
        shows.content_type,
        {{ period_started_date('week', 'days.activity_date') }} as week_started_date,
        sum(days.watched_microseconds) as watched_microseconds,
        sum(days.watched_microseconds) / max(windows.runtime_minutes) as views
    from {{ ref('fct_show_days') }} as days
    inner join {{ ref('dim_shows') }} as shows on days.show_id = shows.show_id
    left join {{ ref('rpt_show_windows') }} as windows
        on days.show_id = windows.show_id and windows.window_name = 'all'
    where
        shows.content_type is not null
        and {{ period_started_date('week', 'days.activity_date') }} in (
            select {{ period_started_date('week', 'changed.activity_date') }}
            from {{ ref('int_changed_days') }} as changed
        )
    group by
        days.show_id,
        shows.content_type,
        {{ period_started_date('week', 'days.activity_date') }}

),

-- Null where there are fewer than that.
lasts as (

    select
        content_type,
        week_started_date,
        max(watched_microseconds, {{ var('top_shows') }})[{{ var('top_shows') }}] as hours_mark,
        max(views, {{ var('top_shows') }})[{{ var('top_shows') }}] as views_mark
    from weeks
    group by content_type, week_started_date

),

-- Of those that have just as many views as the last, how many hours are enough.
marks as (

    select
        lasts.content_type,
        lasts.week_started_date,
        lasts.hours_mark,
        lasts.views_mark,
        count(*) filter (where weeks.views > lasts.views_mark) as above_count,
        max(weeks.watched_microseconds, {{ var('top_shows') }}) filter (
            where weeks.views = lasts.views_mark
        ) as tied_microseconds
    from lasts
    inner join weeks
        on
            lasts.content_type = weeks.content_type
            and lasts.week_started_date = weeks.week_started_date
    group by
        lasts.content_type, lasts.week_started_date, lasts.hours_mark, lasts.views_mark

),

judged as (

    select
        weeks.*,
        case
            when weeks.views is null
                then weeks.watched_microseconds >= coalesce(marks.hours_mark, 0)
            when marks.views_mark is null or weeks.views > marks.views_mark then true
            else
                weeks.views = marks.views_mark
                and weeks.watched_microseconds
                >= marks.tied_microseconds[{{ var('top_shows') }} - marks.above_count]
        end as is_due
    from weeks
    inner join marks
        on
            weeks.content_type = marks.content_type
            and weeks.week_started_date = marks.week_started_date

)

select
    judged.show_id,
    judged.content_type,
    judged.week_started_date,
    judged.watched_microseconds,
    judged.views,
    judged.is_due
from judged
left join {{ ref('rpt_weekly_top_shows') }} as tops
    on
        judged.show_id = tops.show_id
        and judged.content_type = tops.content_type
        and judged.week_started_date = tops.week_started_date
where
    judged.is_due != (tops.show_id is not null)
    or judged.watched_microseconds != tops.watched_microseconds
