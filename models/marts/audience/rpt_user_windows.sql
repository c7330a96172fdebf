{%- set windows = {'1d': 1, '7d': 7, '28d': 28, '91d': 91} -%}
{%- set counts = [
    'play_count', 'session_count', 'complete_play_count', 'known_runtime_play_count',
    'watched_microseconds',
] -%}
{{ config(meta={'publish': {'order_by': ['user_id', 'window_name']}}) }}
with

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

user_shows as (

    select * from {{ ref('int_user_shows') }}

),

user_days as (

    select * from {{ ref('fct_user_days') }}

),

bounds as (

    select max(last_activity_date) as last_activity_date from users

),

windows as (

    {%- for window, length in windows.items() %}

    select
        '{{ window }}' as window_name,
        last_activity_date - {{ length - 1 }} as window_started_date,
        last_activity_date as window_ended_date
    from bounds

    union all
    {%- endfor %}

    select
        'all' as window_name,
        cast(null as date) as window_started_date,
        last_activity_date as window_ended_date
    from bounds

),

-- One look at the days says it for every window at once; the longest one holds the others.
recent as (

    select
        {%- for window, length in windows.items() %}
        {%- set inside = 'user_days.activity_date > bounds.last_activity_date - ' ~ length %}
        count(*) filter (where {{ inside }}) as active_day_count_{{ window }},
        {%- for name in counts %}
        sum(user_days.{{ name }}) filter (where {{ inside }}) as {{ name }}_{{ window }},
        {%- endfor %}
        {%- endfor %}
        user_days.user_id
    from user_days
    inner join bounds
        on user_days.activity_date > bounds.last_activity_date - {{ windows.values() | max }}
    group by user_days.user_id

),

shows as (

    select
        user_shows.user_id,
        {%- for window, length in windows.items() %}
        count(*) filter (
            where user_shows.last_activity_date > bounds.last_activity_date - {{ length }}
        ) as show_count_{{ window }},
        {%- endfor %}
        count(*) as show_count_all
    from user_shows
    cross join bounds
    group by user_shows.user_id

),

totals as (

    {%- for window in windows %}

    select
        recent.user_id,
        '{{ window }}' as window_name,
        {%- for name in counts %}
        cast(recent.{{ name }}_{{ window }} as bigint) as {{ name }},
        {%- endfor %}
        recent.active_day_count_{{ window }} as active_day_count,
        shows.show_count_{{ window }} as show_count
    from recent
    inner join shows on recent.user_id = shows.user_id
    where recent.active_day_count_{{ window }} > 0

    union all
    {%- endfor %}

    select
        users.user_id,
        'all' as window_name,
        {%- for name in counts %}
        users.{{ name }},
        {%- endfor %}
        users.active_day_count,
        shows.show_count_all as show_count
    from users
    inner join shows on users.user_id = shows.user_id

),

final as (

    select
        totals.user_id,
        totals.window_name,
        totals.play_count,
        totals.active_day_count,
        totals.show_count,
        totals.session_count,
        totals.complete_play_count,
        totals.known_runtime_play_count,
        totals.watched_microseconds,
        totals.watched_microseconds / 3600e6 as hours_viewed,
        windows.window_started_date,
        windows.window_ended_date
    from totals
    inner join windows on totals.window_name = windows.window_name

)

select * from final
