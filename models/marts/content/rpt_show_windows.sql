{%- set windows = {'1d': 1, '7d': 7, '28d': 28, '91d': 91, 'all': none} -%}
{%- set longest_days = windows.values() | select | max -%}
{{ config(meta={'publish': {
    'order_by': ['window_name', 'show_id'], 'indexes': [['show_id']],
}}) }}
-- Made anew by every build: all windows end with the last day, so that each of its days moves them.
-- Of the days of users it reads those of the windows before; who watched in a window itself, and
-- ever, is in int_user_shows.
-- What is read more than once is not materialized: the engine would copy all rows of all time
-- first, where each look needs a few.
with

user_show_days as not materialized (

    select * from {{ ref('int_user_show_days') }}

),

user_shows as not materialized (

    select * from {{ ref('int_user_shows') }}

),

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

episode_days as not materialized (

    select * from {{ ref('int_episode_days') }}

),

-- What all time comes to; days are read of the windows only.
show_months as (

    select * from {{ ref('int_show_months') }}

),

seasons as (

    select * from {{ ref('int_show_seasons') }}

),

bounds as (

    select
        min(first_activity_date) as first_activity_date,
        max(last_activity_date) as last_activity_date
    from show_months

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
        bounds.last_activity_date as window_ended_date
    from (
        values
        {%- for name, length in windows.items() %}
        ('{{ name }}', {{ length or 'null' }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as named (window_name, day_count)
    cross join bounds

),

-- Each window reads its own days and those before it: in one look every day of all time would be
-- held against each window.
summed as (

    {%- for name, length in windows.items() %}
    {%- set since = 'days.activity_date > bounds.last_activity_date - ' %}

    select
        {%- for column in [
            'play_count', 'valid_play_count', 'reached_play_count', 'complete_play_count',
            'known_runtime_play_count', 'watched_microseconds', 'completion_billionths',
            'minute_audience_billionths',
        ] %}
        sum(days.{{ column }})
        {%- if length %} filter (where {{ since }}{{ length }}){% endif %} as {{ column }},
        {%- endfor %}
        {%- for column in ['play_count', 'watched_microseconds'] %}
        {%- if length %}
        coalesce(
            sum(days.{{ column }}) filter (where not {{ since }}{{ length }}), 0
        ) as previous_{{ column }},
        {%- else %}
        0 as previous_{{ column }},
        {%- endif %}
        {%- endfor %}
        days.show_id,
        '{{ name }}' as window_name
    {%- if length %}
    from episode_days as days
    inner join bounds
        on {{ since }}{{ 2 * length }}
    {%- else %}
    from show_months as days
    {%- endif %}
    group by days.show_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

-- A count for each length: fewer days in all than one look at the longest, told apart by length.
counted_before as (

    {%- for name, length in windows.items() if length %}

    select
        '{{ name }}' as window_name,
        days.show_id,
        count(distinct days.user_id) as previous_user_count
    from user_show_days as days
    inner join bounds
        on
            days.activity_date > bounds.last_activity_date - {{ 2 * length }}
            and days.activity_date <= bounds.last_activity_date - {{ length }}
    group by days.show_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

-- Of all users of a show nothing is asked but whether they are there: this is what grows.
counted_ever as (

    select
        show_id,
        count(*) as user_count,
        count(last_reached_date) as reach_user_count
    from user_shows
    group by show_id

),

counted_lately as (

    select
        {%- for name, length in windows.items() if length %}
        count(*) filter (
            where user_shows.last_activity_date > bounds.last_activity_date - {{ length }}
        ) as user_count_{{ name }},
        count(*) filter (
            where user_shows.last_reached_date > bounds.last_activity_date - {{ length }}
        ) as reach_user_count_{{ name }},
        {%- endfor %}
        user_shows.show_id
    from user_shows
    inner join bounds
        on user_shows.last_activity_date > bounds.last_activity_date - {{ longest_days }}
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
            {%- for window, length in windows.items() if length %}
            when '{{ window }}' then counted_lately.{{ name }}_{{ window }}
            {%- endfor %}
            else counted_ever.{{ name }}
        end as {{ name }},
        {%- endfor %}
        case
            when windows.day_count is not null
                then coalesce(counted_before.previous_user_count, 0)
        end as previous_user_count
    from summed
    inner join windows on summed.window_name = windows.window_name
    inner join counted_ever on summed.show_id = counted_ever.show_id
    left join counted_lately on summed.show_id = counted_lately.show_id
    left join counted_before
        on
            summed.show_id = counted_before.show_id
            and summed.window_name = counted_before.window_name
    inner join platform on summed.window_name = platform.window_name
    inner join totals on summed.window_name = totals.window_name
    left join runtimes on summed.show_id = runtimes.show_id
    where summed.play_count > 0

),

final as (

    select
        show_id,
        window_name,
        {%- for name in [
            'play_count', 'valid_play_count', 'reached_play_count', 'complete_play_count',
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
