-- A row is a user day whose user dim_users lacks, or does not know to have watched by then.
select
    days.user_id,
    days.activity_date,
    days.first_started_at,
    users.first_watched_at
from {{ ref('fct_user_days') }} as days
left join {{ ref('dim_users') }} as users on days.user_id = users.user_id
where
    {{ on_changed_days('days') }}
    and (
        users.user_id is null
        or users.first_watched_at > days.first_started_at
        or users.last_watched_at < days.last_started_at
    )
