{{ config(meta={'publish': {'order_by': ['window_name']}}) }}
with

platform_days as (

    select * from {{ ref('fct_platform_days') }}

),

users as (

    select * from {{ ref('dim_users') }} where last_watched_at is not null

),

bounds as (

    select
        min(activity_date) as first_date,
        max(activity_date) as last_date
    from platform_days

),

windows as (

    {% for window_name, length in platform_windows().items() -%}
    select
        '{{ window_name }}' as window_name,
        last_date - {{ length - 1 }} as window_started_date,
        last_date as window_ended_date,
        last_date - {{ 2 * length - 1 }} as previous_started_date,
        last_date - {{ length }} as previous_ended_date,
        first_date
    from bounds
    where last_date is not null

    union all

    {% endfor -%}
    select
        'all' as window_name,
        first_date as window_started_date,
        last_date as window_ended_date,
        cast(null as date) as previous_started_date,
        cast(null as date) as previous_ended_date,
        first_date
    from bounds
    where last_date is not null

),

-- The windows before do not overlap, so that each day of a user is in one of them at most.
user_days as (

    select
        user_id,
        activity_date
    from {{ ref('fct_user_days') }}
    where
        activity_date in (
            select day.activity_date
            from {{ ref('fct_platform_days') }} as day
            inner join windows
                on
                    day.activity_date >= windows.previous_started_date
                    and day.activity_date <= windows.previous_ended_date
        )

),

{% for prefix in ['window', 'previous'] -%}
{{ prefix }}_summed as (

    select
        windows.window_name,
        cast(sum(platform_days.play_count) as bigint) as play_count,
        cast(sum(platform_days.session_count) as bigint) as session_count,
        cast(sum(platform_days.binge_session_count) as bigint) as binge_session_count,
        cast(sum(platform_days.complete_play_count) as bigint) as complete_play_count,
        cast(sum(platform_days.known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(platform_days.watched_microseconds) as bigint) as watched_microseconds
    from windows
    inner join platform_days
        on
            platform_days.activity_date between windows.{{ prefix }}_started_date
            and windows.{{ prefix }}_ended_date
    group by windows.window_name

),

{% endfor -%}
-- A window that ends with the last day holds the users whose last day is in it.
last_days as (

    select
        {{ reporting_date('last_watched_at') }} as last_date,
        count(*) as user_count
    from users
    group by last_date

),

window_users as (

    select
        windows.window_name,
        cast(sum(last_days.user_count) as bigint) as user_count
    from windows
    inner join last_days on windows.window_started_date <= last_days.last_date
    group by windows.window_name

),

previous_users as (

    select
        windows.window_name,
        count(distinct user_days.user_id) as user_count
    from windows
    inner join user_days
        on
            user_days.activity_date between windows.previous_started_date
            and windows.previous_ended_date
    group by windows.window_name

),

-- Of a window that lies before the first play nothing is known; in any other, none is zero.
compared as (

    select
        window_name,
        window_started_date,
        window_ended_date,
        coalesce(previous_ended_date >= first_date, false) as is_previous_known
    from windows

),

final as (

    select
        compared.window_name,
        present.play_count,
        window_users.user_count,
        present.session_count,
        present.binge_session_count,
        present.complete_play_count,
        present.known_runtime_play_count,
        present.watched_microseconds,
        present.watched_microseconds / 3600e6 as hours_viewed,
        present.complete_play_count / nullif(present.known_runtime_play_count, 0)
            as completion_rate_by_plays,
        present.binge_session_count / nullif(present.session_count, 0) as binge_share,
        present.watched_microseconds / 60e6 / present.play_count as avg_view_duration_minutes,
        {%- for name in ['play_count', 'session_count', 'binge_session_count'] %}
        case when compared.is_previous_known then coalesce(earlier.{{ name }}, 0) end
            as previous_{{ name }},
        {%- endfor %}
        case when compared.is_previous_known then coalesce(previous_users.user_count, 0) end
            as previous_user_count,
        case when compared.is_previous_known then coalesce(earlier.watched_microseconds, 0) end
            as previous_watched_microseconds,
        case when compared.is_previous_known then coalesce(earlier.watched_microseconds, 0) end
        / 3600e6 as previous_hours_viewed,
        earlier.complete_play_count / nullif(earlier.known_runtime_play_count, 0)
            as previous_completion_rate_by_plays,
        earlier.binge_session_count / nullif(earlier.session_count, 0) as previous_binge_share,
        compared.window_started_date,
        compared.window_ended_date
    from compared
    inner join window_summed as present on compared.window_name = present.window_name
    inner join window_users on compared.window_name = window_users.window_name
    left join previous_summed as earlier on compared.window_name = earlier.window_name
    left join previous_users on compared.window_name = previous_users.window_name

)

select * from final
