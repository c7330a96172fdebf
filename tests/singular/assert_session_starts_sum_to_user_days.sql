-- A row is a day whose sessions are not all counted on a user day.
with

sessions as (

    select
        started_date as activity_date,
        count(*) as session_count
    from {{ ref('fct_viewing_sessions') }}
    where {{ on_changed_days(none, 'started_date') }}
    group by started_date

),

user_days as (

    select
        activity_date,
        sum(session_count) as session_count
    from {{ ref('fct_user_days') }}
    where {{ on_changed_days(none) }}
    group by activity_date

)

select
    coalesce(sessions.activity_date, user_days.activity_date) as activity_date,
    sessions.session_count,
    user_days.session_count as user_day_session_count
from sessions
full outer join user_days on sessions.activity_date = user_days.activity_date
where coalesce(sessions.session_count, 0) != coalesce(user_days.session_count, 0)
