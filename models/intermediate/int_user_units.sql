{%- set horizons = {'7d': 7, '28d': 28, 'ever': none} -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_user_shows'},
) }}
{%- set days = 'int_changed_user_show_days' if is_incremental() else 'int_user_show_days' %}
-- depends_on: {{ ref('int_user_show_days') }}
-- depends_on: {{ ref('int_changed_user_shows') }}
-- depends_on: {{ ref('int_changed_user_show_days') }}
with

user_show_days as (

    select * from {{ ref(days) }}

),

items as (

    select * from {{ ref('int_show_items') }}

),

units as (

    select * from {{ ref('int_show_units') }}

),

placed as (

    select
        days.user_id,
        days.show_id,
        days.season,
        days.episode,
        days.watched_microseconds,
        days.longest_play_microseconds,
        days.best_completion_rate,
        {%- for horizon, length in horizons.items() if length %}
        days.activity_date >= units.released_on
        and days.activity_date < units.released_on + {{ length }} as is_in_{{ horizon }},
        {%- endfor %}
        true as is_in_ever
    from user_show_days as days
    inner join units
        on days.show_id = units.show_id and days.season is not distinct from units.season

),

-- One look at the history says it for every horizon at once.
watched as (

    select
        {%- for horizon in horizons %}
        sum(watched_microseconds) filter (where is_in_{{ horizon }}) as watched_{{ horizon }},
        max(longest_play_microseconds) filter (
            where is_in_{{ horizon }}
        ) as longest_{{ horizon }},
        max(best_completion_rate) filter (where is_in_{{ horizon }}) as best_{{ horizon }},
        {%- endfor %}
        user_id,
        show_id,
        season,
        episode
    from placed
    group by user_id, show_id, season, episode

),

-- Minutes of a film or of one episode are added up. Plays of a series that do not say which episode
-- they are of cannot be: each is judged by itself, and none counts towards a whole season.
progressed as (

    select
        {%- for horizon in horizons %}
        case
            when watched.episode is not null or units.is_film
                then watched.watched_{{ horizon }}
            else watched.longest_{{ horizon }}
        end >= {{ var('starter_minutes') * 60000000 }} as is_starter_{{ horizon }},
        case
            when watched.episode is not null or units.is_film
                then
                    watched.watched_{{ horizon }}
                    >= {{ var('watcher_threshold') }} * items.runtime_minutes * 60e6
            else watched.best_{{ horizon }} >= {{ var('watcher_threshold') }}
        end as is_watcher_{{ horizon }},
        case
            when watched.episode is not null or units.is_film
                then least(
                    watched.watched_{{ horizon }},
                    cast(round(items.runtime_minutes * 60e6) as bigint)
                )
        end as capped_microseconds_{{ horizon }},
        {%- endfor %}
        watched.user_id,
        watched.show_id,
        watched.season,
        units.unit_key,
        units.runtime_minutes,
        items.runtime_minutes is not null as is_capped
    from watched
    inner join units
        on watched.show_id = units.show_id and watched.season is not distinct from units.season
    inner join items
        on
            watched.show_id = items.show_id
            and watched.season is not distinct from items.season
            and watched.episode is not distinct from items.episode

),

summed as (

    select
        {%- for horizon in horizons %}
        coalesce(bool_or(is_starter_{{ horizon }}), false) as is_starter_{{ horizon }},
        coalesce(bool_or(is_watcher_{{ horizon }}), false) as is_watcher_{{ horizon }},
        sum(capped_microseconds_{{ horizon }}) filter (
            where is_capped
        ) as capped_microseconds_{{ horizon }},
        {%- endfor %}
        user_id,
        show_id,
        season,
        any_value(unit_key) as unit_key,
        any_value(runtime_minutes) as runtime_minutes
    from progressed
    group by user_id, show_id, season

),

-- Whoever is further is one of those before: a short film has watchers who never started it, and
-- they are in no count.
final as (

    select
        {%- for horizon in horizons %}
        is_starter_{{ horizon }},
        is_starter_{{ horizon }} and is_watcher_{{ horizon }} as is_watcher_{{ horizon }},
        coalesce(
            is_starter_{{ horizon }}
            and is_watcher_{{ horizon }}
            and capped_microseconds_{{ horizon }}
            >= {{ var('complete_threshold') }} * runtime_minutes * 60e6,
            false
        ) as is_completer_{{ horizon }},
        {%- endfor %}
        user_id,
        show_id,
        season,
        unit_key
    from summed

)

select * from final
