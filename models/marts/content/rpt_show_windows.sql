{%- set windows = {'1d': 1, '7d': 7, '28d': 28, '91d': 91, 'all': none} -%}
{%- set longest_days = windows.values() | select | max -%}
{{ config(meta={'publish': {
    'order_by': ['window_name', 'show_id'], 'indexes': [['show_id']],
}}) }}
-- Made anew by every build: all windows end with the last day, so that each of its days moves them.
-- Of the days of users it reads those of the windows that have one before them; what is of all time
-- is in int_user_shows.
with

user_show_days as (

    select * from {{ ref('int_user_show_days') }}

),

user_shows as (

    select * from {{ ref('int_user_shows') }}

),

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

episode_days as (

    select * from {{ ref('int_episode_days') }}

),

seasons as (

    select * from {{ ref('int_show_seasons') }}

),

bounds as (

    select
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date
    from episode_days

),

-- A show's runtime is a film's, or that of all its episodes.
runtimes as (

    select
        show_id,
        case
            when bool_or(is_film) then max(runtime_minutes)
            when count(season) = count(runtime_minutes) filter (where season is not null)
                then cast(
                    sum(cast(round(runtime_minutes * 60) as bigint)) filter (
                        where season is not null
                    ) as bigint
                ) / 60
        end as runtime_minutes
    from seasons
    group by show_id

),

windows as (

    select
        named.window_name,
        named.day_count,
        coalesce(
            bounds.last_activity_date - named.day_count + 1, bounds.first_activity_date
        ) as window_started_date,
        bounds.last_activity_date - 2 * named.day_count + 1 as previous_started_date,
        bounds.last_activity_date as window_ended_date
    from (
        values
        {%- for name, length in windows.items() %}
        ('{{ name }}', {{ length or 'null' }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as named (window_name, day_count)
    cross join bounds

),

summed as (

    select
        days.show_id,
        windows.window_name,
        cast(sum(days.play_count) filter (
            where days.activity_date >= windows.window_started_date
        ) as bigint) as play_count,
        {%- for name in [
            'valid_play_count', 'reached_play_count', 'complete_play_count',
            'known_runtime_play_count', 'watched_microseconds', 'completion_billionths',
            'minute_audience_billionths',
        ] %}
        sum(days.{{ name }}) filter (
            where days.activity_date >= windows.window_started_date
        ) as {{ name }},
        {%- endfor %}
        coalesce(sum(days.play_count) filter (
            where days.activity_date < windows.window_started_date
        ), 0) as previous_play_count,
        coalesce(sum(days.watched_microseconds) filter (
            where days.activity_date < windows.window_started_date
        ), 0) as previous_watched_microseconds
    from episode_days as days
    inner join windows
        on
            days.activity_date
            >= coalesce(windows.previous_started_date, windows.window_started_date)
    group by days.show_id, windows.window_name

),

-- The last day that is not after a window's end is not before its start, if a user is in it.
earlier as (

    select
        {%- for name, length in windows.items() if length %}
        max(days.activity_date) filter (
            where days.activity_date <= bounds.last_activity_date - {{ length }}
        ) as last_date_before_{{ name }},
        {%- endfor %}
        days.show_id,
        days.user_id
    from user_show_days as days
    inner join bounds
        on days.activity_date > bounds.last_activity_date - {{ 2 * longest_days }}
    group by days.show_id, days.user_id

),

counted_before as (

    select
        {%- for name, length in windows.items() if length %}
        count(*) filter (
            where
            earlier.last_date_before_{{ name }} > bounds.last_activity_date - {{ 2 * length }}
        ) as previous_user_count_{{ name }},
        {%- endfor %}
        earlier.show_id
    from earlier
    cross join bounds
    group by earlier.show_id

),

counted as (

    select
        user_shows.show_id,
        {%- for name, length in windows.items() if length %}
        count(*) filter (
            where user_shows.last_activity_date > bounds.last_activity_date - {{ length }}
        ) as user_count_{{ name }},
        count(*) filter (
            where user_shows.last_reached_date > bounds.last_activity_date - {{ length }}
        ) as reach_user_count_{{ name }},
        {%- endfor %}
        count(*) as user_count_all,
        count(user_shows.last_reached_date) as reach_user_count_all
    from user_shows
    cross join bounds
    group by user_shows.show_id

),

platform as (

    select
        windows.window_name,
        count(*) as active_user_count
    from users
    inner join windows on users.last_activity_date >= windows.window_started_date
    group by windows.window_name

),

totals as (

    select
        window_name,
        sum(watched_microseconds) as watched_microseconds
    from summed
    group by window_name

),

joined as (

    select
        summed.*,
        platform.active_user_count,
        totals.watched_microseconds as total_microseconds,
        runtimes.runtime_minutes,
        windows.day_count,
        windows.window_started_date,
        windows.window_ended_date,
        {%- for name in ['user_count', 'reach_user_count'] %}
        case summed.window_name
            {%- for window in windows %}
            when '{{ window }}' then counted.{{ name }}_{{ window }}
            {%- endfor %}
        end as {{ name }},
        {%- endfor %}
        case summed.window_name
            {%- for window, length in windows.items() if length %}
            when '{{ window }}' then coalesce(counted_before.previous_user_count_{{ window }}, 0)
            {%- endfor %}
        end as previous_user_count
    from summed
    inner join windows on summed.window_name = windows.window_name
    inner join counted on summed.show_id = counted.show_id
    left join counted_before on summed.show_id = counted_before.show_id
    inner join platform on summed.window_name = platform.window_name
    inner join totals on summed.window_name = totals.window_name
    left join runtimes on summed.show_id = runtimes.show_id
    where summed.play_count > 0

),

final as (

    select
        show_id,
        window_name,
        play_count,
        {%- for name in [
            'valid_play_count', 'reached_play_count', 'complete_play_count',
            'known_runtime_play_count',
        ] %}
        cast({{ name }} as bigint) as {{ name }},
        {%- endfor %}
        user_count,
        reach_user_count,
        active_user_count,
        cast(watched_microseconds as bigint) as watched_microseconds,
        runtime_minutes,
        watched_microseconds / 3600e6 as hours_viewed,
        watched_microseconds / 60e6 / runtime_minutes as views,
        case
            when play_count = known_runtime_play_count then minute_audience_billionths / 1e9
        end as average_minute_audience,
        complete_play_count / nullif(known_runtime_play_count, 0) as completion_rate_by_plays,
        completion_billionths / 1e9 / nullif(known_runtime_play_count, 0) as avg_percentage_viewed,
        watched_microseconds / 60e6 / play_count as avg_view_duration_minutes,
        watched_microseconds / total_microseconds as share_of_viewing,
        100 * reach_user_count / active_user_count as reach_pct,
        reached_play_count / nullif(reach_user_count, 0) as frequency,
        100 * reached_play_count / active_user_count as grp,
        case
            when day_count is not null then previous_watched_microseconds / 3600e6
        end as previous_hours_viewed,
        case
            when day_count is not null then cast(previous_play_count as bigint)
        end as previous_play_count,
        previous_user_count,
        window_started_date,
        window_ended_date
    from joined

)

select * from final
