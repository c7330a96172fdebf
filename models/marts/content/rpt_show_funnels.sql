{%- set horizons = {'7d': 7, '28d': 28, 'ever': none} -%}
{{ config(meta={'publish': {
    'order_by': ['show_id', 'season', 'horizon'], 'indexes': [['show_id']],
}}) }}
-- Made anew by every build: a catalogue may change a runtime or a release of any show.
with

user_show_days as (

    select * from {{ ref('int_user_show_days') }}

),

items as (

    select * from {{ ref('int_show_items') }}

),

seasons as (

    select * from {{ ref('int_show_seasons') }}

),

bounds as (

    select
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date
    from {{ ref('int_episode_days') }}

),

-- A horizon is told when all its days are over, and none of them is before the first play.
units as (

    select
        seasons.show_id,
        seasons.season,
        seasons.is_film,
        seasons.runtime_minutes,
        seasons.released_on,
        {%- for horizon, length in horizons.items() if length %}
        coalesce(
            seasons.released_on >= bounds.first_activity_date
            and seasons.released_on + {{ length }} <= bounds.last_activity_date,
            false
        ) as is_observed_{{ horizon }},
        {%- endfor %}
        true as is_observed_ever
    from seasons
    cross join bounds

),

placed as (

    select
        days.user_id,
        days.show_id,
        days.season,
        days.episode,
        units.is_film,
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
        episode,
        is_film
    from placed
    group by user_id, show_id, season, episode, is_film

),

-- Minutes of a film or of one episode are added up. Plays of a series that do not say which episode
-- they are of cannot be: each is judged by itself, and none counts towards a whole season.
progressed as (

    select
        {%- for horizon in horizons %}
        case
            when watched.episode is not null or watched.is_film
                then watched.watched_{{ horizon }}
            else watched.longest_{{ horizon }}
        end >= {{ var('starter_minutes') * 60000000 }} as is_starter_{{ horizon }},
        case
            when watched.episode is not null or watched.is_film
                then
                    watched.watched_{{ horizon }}
                    >= {{ var('watcher_threshold') }} * items.runtime_minutes * 60e6
            else watched.best_{{ horizon }} >= {{ var('watcher_threshold') }}
        end as is_watcher_{{ horizon }},
        case
            when watched.episode is not null or watched.is_film
                then least(
                    watched.watched_{{ horizon }},
                    cast(round(items.runtime_minutes * 60e6) as bigint)
                )
        end as capped_microseconds_{{ horizon }},
        {%- endfor %}
        watched.user_id,
        watched.show_id,
        watched.season,
        items.runtime_minutes
    from watched
    inner join items
        on
            watched.show_id = items.show_id
            and watched.season is not distinct from items.season
            and watched.episode is not distinct from items.episode

),

users as (

    select
        {%- for horizon in horizons %}
        bool_or(is_starter_{{ horizon }}) as is_starter_{{ horizon }},
        bool_or(is_watcher_{{ horizon }}) as is_watcher_{{ horizon }},
        sum(
            case when runtime_minutes is not null then capped_microseconds_{{ horizon }} end
        ) as capped_microseconds_{{ horizon }},
        {%- endfor %}
        user_id,
        show_id,
        season
    from progressed
    group by user_id, show_id, season

),

-- Whoever is further is one of those before: a short film has watchers who never started it, and
-- they are in no count.
counted as (

    select
        {%- for horizon in horizons %}
        count(*) filter (where users.is_starter_{{ horizon }}) as starter_count_{{ horizon }},
        count(*) filter (
            where users.is_starter_{{ horizon }} and users.is_watcher_{{ horizon }}
        ) as watcher_count_{{ horizon }},
        count(*) filter (
            where
            users.is_starter_{{ horizon }}
            and users.is_watcher_{{ horizon }}
            and users.capped_microseconds_{{ horizon }}
            >= {{ var('complete_threshold') }} * units.runtime_minutes * 60e6
        ) as completer_count_{{ horizon }},
        {%- endfor %}
        users.show_id,
        users.season
    from users
    inner join units
        on users.show_id = units.show_id and users.season is not distinct from units.season
    group by users.show_id, users.season

),

known as (

    select
        show_id,
        season,
        bool_or(runtime_minutes is not null) as has_runtime
    from items
    group by show_id, season

),

{%- for horizon in horizons %}

horizon_{{ horizon }} as (

    select
        counted.show_id,
        '{{ horizon }}' as horizon,
        counted.season,
        case
            when units.is_observed_{{ horizon }} then counted.starter_count_{{ horizon }}
        end as starter_count,
        case
            when units.is_observed_{{ horizon }} and known.has_runtime
                then counted.watcher_count_{{ horizon }}
        end as watcher_count,
        case
            when units.is_observed_{{ horizon }} and units.runtime_minutes > 0
                then counted.completer_count_{{ horizon }}
        end as completer_count,
        units.runtime_minutes,
        units.released_on
    from counted
    inner join units
        on counted.show_id = units.show_id and counted.season is not distinct from units.season
    inner join known
        on counted.show_id = known.show_id and counted.season is not distinct from known.season

),
{%- endfor %}

final as (

    {%- for horizon in horizons %}
    select * from horizon_{{ horizon }}
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}

)

select * from final
