"""What is asked of a release: marts only, every parameter bound."""

from typing import Final

_HOUR: Final = "3600000000.0"

BOUNDS: Final = """
    select max(activity_date) as last_day from fct_user_days
"""
TOTALS: Final = f"""
    select
        (
            select count(*) from fct_viewing_sessions where started_date between $first and $last
        ) as total_sessions,
        (
            select count(*) from fct_viewing_sessions
            where started_date between $first and $last and is_binge_session
        ) as binge_sessions,
        count(distinct user_id) as unique_users,
        coalesce(sum(watched_microseconds), 0)::double / {_HOUR} as total_hours
    from fct_user_days
    where activity_date between $first and $last
"""  # noqa: S608 - own constants
ENGAGEMENT: Final = """
    -- Rounded, as sums in another order differ in the last digit.
    select round(favg(engagement_score), 9) as avg_engagement
    from rpt_users
    where user_id in (
        select user_id from fct_user_days where activity_date between $first and $last
    )
"""
USER_ENGAGEMENT: Final = """
    select engagement_score, engagement_segment, l28, is_at_risk, is_dormant
    from rpt_users
    where user_id = $user
"""
TOP_SHOWS: Final = f"""
    with played as (
        select
            show_id,
            sum(play_count)::bigint as plays,
            sum(watched_microseconds)::double / {_HOUR} as hours
        from fct_show_days
        where activity_date between $first and $last
        group by show_id
    ), top as (
        select * from played order by hours desc, show_id limit $fetched
    )
    select top.show_id, dim_shows.show_name, top.plays, top.hours
    from top
    inner join dim_shows on top.show_id = dim_shows.show_id
    order by top.hours desc, top.show_id
"""  # noqa: S608 - own constants
AUDIENCE: Final = """
    select show_id, count(distinct user_id) as users
    from fct_plays
    where started_date between $first and $last and show_id in (select unnest($shows))
    group by show_id
"""
DAYS: Final = f"""
    with watched as (
        select
            activity_date,
            count(*) as users,
            sum(watched_microseconds)::double / {_HOUR} as hours
        from fct_user_days
        where activity_date between $first and $last
        group by activity_date
    ), started as (
        select started_date, count(*) as sessions
        from fct_viewing_sessions
        where started_date between $first and $last
        group by started_date
    )
    select
        watched.activity_date,
        coalesce(started.sessions, 0) as sessions,
        watched.hours,
        watched.users
    from watched
    left join started on watched.activity_date = started.started_date
    order by watched.activity_date desc
"""  # noqa: S608 - own constants
USER: Final = "select user_id from dim_users where user_id = $user"
USER_TOTALS: Final = f"""
    select
        (
            select count(*) from fct_viewing_sessions
            where user_id = $user and started_date between $first and $last
        ) as total_sessions,
        (
            select count(*) from fct_viewing_sessions
            where user_id = $user and started_date between $first and $last and is_binge_session
        ) as binge_sessions,
        coalesce(sum(watched_microseconds), 0)::double / {_HOUR} as total_hours
    from fct_user_days
    where user_id = $user and activity_date between $first and $last
"""  # noqa: S608 - own constants
USER_SHOWS: Final = f"""
    with played as (
        select
            show_id, count(*) as plays, sum(watched_microseconds)::double / {_HOUR} as hours
        from fct_plays
        where user_id = $user and started_date between $first and $last
        group by show_id
    )
    select played.show_id, dim_shows.show_name, played.plays, played.hours
    from played
    inner join dim_shows on played.show_id = dim_shows.show_id
    order by played.hours desc, played.show_id
    limit $fetched
"""  # noqa: S608 - own constants
USER_DAYS: Final = f"""
    select
        activity_date,
        session_count as sessions,
        watched_microseconds::double / {_HOUR} as hours
    from fct_user_days
    where user_id = $user and activity_date between $first and $last
    order by activity_date desc
"""  # noqa: S608 - own constants
SHOW: Final = """
    select show_id, show_name from dim_shows where show_id = $name
    union all
    select show_id, show_name from dim_shows
    where
        lower(nfc_normalize(show_name))
        = lower(nfc_normalize(trim(regexp_replace($name, '\\s+', ' ', 'g'))))
        and show_id != $name
    limit 20
"""
SHOW_TOTALS: Final = f"""
    select
        count(distinct session_id) as total_sessions,
        count(distinct user_id) as unique_viewers,
        -- Rounded, as sums in another order differ in the last digit.
        round(favg(completion_rate), 12) as avg_completion_rate,
        coalesce(sum(watched_microseconds), 0)::double / {_HOUR} as total_hours
    from fct_plays
    where show_id = $show and started_date between $first and $last
"""  # noqa: S608 - own constants
SHOW_VIEWERS: Final = f"""
    select
        user_id, count(*) as plays, sum(watched_microseconds)::double / {_HOUR} as hours
    from fct_plays
    where show_id = $show and started_date between $first and $last
    group by user_id
    order by hours desc, user_id
    limit $fetched
"""  # noqa: S608 - own constants
SHOW_DAYS: Final = f"""
    select
        started_date as activity_date,
        count(distinct session_id) as sessions,
        sum(watched_microseconds)::double / {_HOUR} as hours,
        count(distinct user_id) as users
    from fct_plays
    where show_id = $show and started_date between $first and $last
    group by started_date
    order by activity_date desc
"""  # noqa: S608 - own constants

SHOW_PAGE: Final = """
    select show_id, show_name, content_type, genres, runtime_minutes::double as runtime_minutes
    from dim_shows
    where
        ($q is null or contains(lower(nfc_normalize(show_name)), lower(nfc_normalize($q))))
        and ($after0 is null or show_id > $after0)
    order by show_id
    limit $fetched
"""
SHOW_DETAIL: Final = """
    select
        show_id, show_name, content_type, genres, runtime_minutes::double as runtime_minutes,
        (
            select coalesce(sum(play_count), 0)::bigint from fct_show_days where show_id = $show
        ) as play_count,
        (
            select coalesce(sum(watched_microseconds), 0)::double / 3600000000.0
            from fct_show_days where show_id = $show
        ) as hours_viewed
    from dim_shows
    where show_id = $show
"""
USER_PROFILE: Final = """
    -- Bare columns: to plan what is made of one value takes a multiple of making it here.
    select
        user_id, country, plan, signed_up_on, first_watched_at, last_watched_at,
        engagement_score, engagement_segment, l28, is_at_risk, is_dormant,
        play_count, session_count, watched_microseconds
    from rpt_users
    where user_id = $user
"""
USER_DIMENSION: Final = """
    select user_id, country, plan, signed_up_on, first_watched_at, last_watched_at
    from dim_users
    where user_id = $user
"""
LIFETIME_OF_DAYS: Final = """
    select
        coalesce(sum(play_count), 0)::bigint as play_count,
        coalesce(sum(session_count), 0)::bigint as session_count,
        coalesce(sum(watched_microseconds), 0)::double / 60000000.0 as watched_minutes
    from fct_user_days
    where user_id = $user
"""
HISTORY: Final = """
    select
        play_id::varchar as play_id, show_id, show_name, season, episode, watched_minutes,
        completion_rate, device, country, timezone('UTC', started_at) as started_at
    from fct_plays
    where
        user_id = $user
        and (
            $after0 is null
            or (started_at, play_id) < ($after0::timestamp, $after1::uuid)
        )
    order by fct_plays.started_at desc, fct_plays.play_id desc
    limit $fetched
"""
QUALITY: Final = """
    select
        batch_id, stream, source, source_kind, status, read_count, rejected_count, landed_count,
        valid_count, quarantined_count, duplicate_count, conservation_gap,
        timezone('UTC', landed_at) as landed_at
    from rpt_batch_reconciliation
    where $after0 is null or batch_id > $after0
    order by batch_id
    limit $fetched
"""
QUARANTINE: Final = """
    select
        batch_id, source_position, stream, source, source_kind, reason_codes, is_rejected,
        timezone('UTC', landed_at) as landed_at
    from fct_quarantined_events
    where
        ($reason is null or list_contains(reason_codes, $reason))
        and (
            $after0 is null
            or (batch_id, source_position) > ($after0, $after1::bigint)
        )
    order by batch_id, source_position
    limit $fetched
"""
