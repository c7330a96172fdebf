{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'every_row',
        'publish': {'order_by': ['week_started_date', 'content_type', 'top10_rank']},
    },
) }}
{%- set facts_before = built('int_weekly_show_facts') if is_incremental() else none %}
-- depends_on: {{ ref('int_changed_days') }}
-- The lists of weeks in which a day has changed, or a show of which something else is known than
-- when the lists were made, are made anew. Names, the count of weeks, and what is complete are told
-- anew for every row: they are few.
with

show_days as not materialized (

    select * from {{ ref('fct_show_days') }}

),

shows as (

    select * from {{ ref('dim_shows') }}

),

known_shows as (

    {{ weekly_show_facts() }}

),

bounds as (

    select max(activity_date) as last_activity_date from show_days

),

{% if facts_before -%}
changed_shows as (

    select coalesce(known_shows.show_id, facts_before.show_id) as show_id
    from known_shows
    full outer join {{ facts_before }} as facts_before
        on known_shows.show_id = facts_before.show_id
    where
        known_shows.content_type is distinct from facts_before.content_type
        or known_shows.runtime_minutes is distinct from facts_before.runtime_minutes

),

changed_weeks as (

    select {{ period_started_date('week', 'activity_date') }} as week_started_date
    from {{ ref('int_changed_days') }}
    union
    select {{ period_started_date('week', 'activity_date') }} as week_started_date
    from show_days
    where show_id in (select changed_shows.show_id from changed_shows)

),

-- By days, so that the engine reads no others.
changed_week_days as (

    select
        cast(unnest(generate_series(
            week_started_date,
            week_started_date + 6,
            interval '1 day'
        )) as date) as activity_date
    from changed_weeks

),

{% endif -%}

weeks as (

    select
        show_id,
        {{ period_started_date('week', 'activity_date') }} as week_started_date,
        cast(sum(play_count) as bigint) as play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from show_days
    {%- if facts_before %}
    where activity_date in (select changed.activity_date from changed_week_days as changed)
    {%- endif %}
    group by show_id, {{ period_started_date('week', 'activity_date') }}

),

ranked as (

    select
        weeks.show_id,
        known_shows.content_type,
        weeks.play_count,
        weeks.watched_microseconds,
        rank() over (
            partition by weeks.week_started_date, known_shows.content_type
            order by weeks.watched_microseconds desc
        ) as hours_rank,
        case
            when known_shows.runtime_minutes is not null
                then
                    rank() over (
                        partition by
                            weeks.week_started_date,
                            known_shows.content_type,
                            known_shows.runtime_minutes is null
                        order by
                            weeks.watched_microseconds / known_shows.runtime_minutes desc,
                            weeks.watched_microseconds desc
                    )
        end as top10_rank,
        weeks.watched_microseconds / 60e6 / known_shows.runtime_minutes as views,
        weeks.week_started_date
    from weeks
    inner join known_shows on weeks.show_id = known_shows.show_id
    where known_shows.content_type is not null

),

-- By the rank by views; a show that can have none must not be missed for that, if it is among the
-- first by hours.
listed as (

    select
        show_id,
        content_type,
        top10_rank,
        hours_rank,
        play_count,
        watched_microseconds,
        views,
        week_started_date
    from ranked
    where coalesce(top10_rank, hours_rank) <= {{ var('top_shows') }}

    {%- if facts_before %}

    union all

    select
        show_id,
        content_type,
        top10_rank,
        hours_rank,
        play_count,
        watched_microseconds,
        views,
        week_started_date
    from {{ this }}
    where week_started_date not in (select changed.week_started_date from changed_weeks as changed)
    {%- endif %}

),

final as (

    select
        listed.show_id,
        shows.show_name,
        listed.content_type,
        listed.top10_rank,
        listed.hours_rank,
        row_number() over (
            partition by listed.content_type, listed.show_id
            order by listed.week_started_date
        ) as week_in_top_count,
        listed.play_count,
        listed.watched_microseconds,
        listed.watched_microseconds / 3600e6 as hours_viewed,
        listed.views,
        bounds.last_activity_date > listed.week_started_date + 6 as is_complete_week,
        listed.week_started_date
    from listed
    inner join shows on listed.show_id = shows.show_id
    cross join bounds

)

select * from final
