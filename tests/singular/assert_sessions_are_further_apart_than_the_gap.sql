-- A row is a session that begins within the gap of an earlier one of the same user.
with

sessions as (

    select
        session_id,
        user_id,
        started_at,
        max(ended_at) over (
            partition by user_id
            order by started_at
            rows between unbounded preceding and 1 preceding
        ) as ended_at_before
    from {{ ref('fct_viewing_sessions') }}
    where {{ on_changed_days(none, 'started_date') }}

)

select *
from sessions
where started_at <= ended_at_before + interval '{{ var("session_gap_minutes") }} minutes'
