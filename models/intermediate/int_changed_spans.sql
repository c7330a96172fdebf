{{ config(
    materialized='incremental',
    incremental_strategy='append',
    tags=['until_published'],
) }}
{%- set sessions = built('fct_viewing_sessions') %}
{%- set plays = built('fct_plays') if stream_moves('catalog') else none %}
-- depends_on: {{ ref('int_catalog_names') }}
-- depends_on: {{ ref('int_catalog_runtimes') }}
with

contested as (

    select * from {{ ref('int_contested_plays') }} where is_changed

),

{% if plays -%}
-- What a play says about its show and runtime, without what the catalogue said before.
described as (

    select distinct
        show_id as show_id_before,
        show_id_source as show_id_source_before,
        runtime_minutes as runtime_minutes_before,
        runtime_source as runtime_source_before,
        case when show_id_source = 'event' then show_id end as received_show_id,
        show_name,
        case when runtime_source = 'event' then runtime_minutes end as runtime_minutes,
        season,
        episode
    from {{ plays }}

),

resolved as (

    {{ with_shows_resolved('described') }}

),

redescribed as (

    select *
    from resolved
    where
        show_id != show_id_before
        or show_id_source != show_id_source_before
        or resolved_runtime_minutes is distinct from runtime_minutes_before
        or runtime_source is distinct from runtime_source_before

),

recatalogued as (

    select
        play.user_id,
        play.started_at,
        play.ended_at
    from {{ plays }} as play
    inner join redescribed
        on
            play.show_id = redescribed.show_id_before
            and play.show_id_source = redescribed.show_id_source_before
            and play.show_name = redescribed.show_name
            and play.season is not distinct from redescribed.season
            and play.episode is not distinct from redescribed.episode
            and play.runtime_minutes is not distinct from redescribed.runtime_minutes_before
            and play.runtime_source is not distinct from redescribed.runtime_source_before

),

{% endif -%}
changes as (

    select
        kept_user_id as user_id,
        kept_started_at as started_at,
        kept_ended_at as ended_at
    from contested
    where kept_ended_at > kept_started_at

    union all

    select
        user_id_before as user_id,
        started_at_before as started_at,
        ended_at_before as ended_at
    from contested
    where ended_at_before > started_at_before

    {%- if plays %}

    union all

    select
        user_id,
        started_at,
        ended_at
    from recatalogued
    {%- endif %}

),

-- A session that no change comes within the gap of cannot grow, shrink, merge or split: two
-- sessions are further apart than the gap, so only a changed play can join them.
widened as (

    select
        changes.user_id,
        {% if sessions -%}
        least(changes.started_at, min(session.started_at)) as span_started_at,
        greatest(changes.ended_at, max(session.ended_at)) as span_ended_at
        {%- else -%}
        changes.started_at as span_started_at,
        changes.ended_at as span_ended_at
        {%- endif %}
    from changes
    {%- if sessions %}
    left join {{ sessions }} as session
        on
            changes.user_id = session.user_id
            and session.started_at
            <= changes.ended_at + interval '{{ var("session_gap_minutes") }} minutes'
            and session.ended_at
            >= changes.started_at - interval '{{ var("session_gap_minutes") }} minutes'
    {%- endif %}
    group by changes.user_id, changes.started_at, changes.ended_at

),

final as (

    select distinct
        user_id,
        span_started_at,
        span_ended_at
    from widened

)

select * from final
