-- A row is a day whose minutes do not hold what is watched on it: its plays, cut at midnight.
{%- set zone = "'" ~ var('reporting_time_zone') ~ "'" %}
with

plays as (

    select
        started_date,
        {{ reporting_date("ended_at - interval '1 microsecond'") }} as last_date,
        started_at,
        ended_at
    from {{ ref('fct_plays') }} as play
    where {{ near_changed_days('play') }}

),

pieces as (

    select
        started_date as activity_date,
        epoch_us(ended_at) - epoch_us(started_at) as watched_microseconds
    from plays
    where started_date = last_date

    union all

    select
        activity_date,
        epoch_us(least(
            ended_at, {{ local_to_utc('cast(activity_date + 1 as timestamp)', zone) }}
        ))
        - epoch_us(greatest(
            started_at, {{ local_to_utc('cast(activity_date as timestamp)', zone) }}
        )) as watched_microseconds
    from (
        select
            started_at,
            ended_at,
            cast(unnest(generate_series(started_date, last_date, interval '1 day')) as date)
                as activity_date
        from plays
        where started_date != last_date
    ) as cut_plays

),

watched as (

    select
        activity_date,
        sum(watched_microseconds) as watched_microseconds
    from pieces
    where {{ on_changed_days(none) }}
    group by activity_date

),

minutes as (

    select
        activity_date,
        sum(audience_microseconds) as audience_microseconds
    from {{ ref('fct_concurrency_minutes') }}
    where {{ on_changed_days(none) }}
    group by activity_date

),

concurrency_days as (

    select *
    from {{ ref('fct_concurrency_days') }}
    where {{ on_changed_days(none) }}

)

select
    watched.watched_microseconds,
    minutes.audience_microseconds,
    concurrency_days.audience_microseconds as day_audience_microseconds,
    coalesce(
        watched.activity_date, minutes.activity_date, concurrency_days.activity_date
    ) as activity_date
from watched
full outer join minutes on watched.activity_date = minutes.activity_date
full outer join concurrency_days
    on coalesce(watched.activity_date, minutes.activity_date) = concurrency_days.activity_date
where
    watched.watched_microseconds is distinct from minutes.audience_microseconds
    or watched.watched_microseconds is distinct from concurrency_days.audience_microseconds
