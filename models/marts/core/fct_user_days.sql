{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_user_days', 'publish': {'partition_by': 'activity_date'}},
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_user_days') }}
with

plays as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_plays') }}
    ) as play
    {%- if is_incremental() %}
    where {{ on_changed_user_days('play') }}
    {%- endif %}

),

sessions as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_viewing_sessions') }}
    ) as session
    {%- if is_incremental() %}
    where {{ on_changed_user_days('session') }}
    {%- endif %}

),

played as (

    select
        user_id,
        activity_date,
        count(*) as play_count,
        count(distinct show_id) as show_count,
        count(*) filter (where is_complete_play) as complete_play_count,
        count(*) filter (where is_complete_play is not null) as known_runtime_play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        min(started_at) as first_started_at,
        max(started_at) as last_started_at
    from plays
    group by user_id, activity_date

),

begun as (

    select
        user_id,
        activity_date,
        count(*) as session_count
    from sessions
    group by user_id, activity_date

),

final as (

    select
        played.user_id,
        played.play_count,
        played.show_count,
        coalesce(begun.session_count, 0) as session_count,
        played.complete_play_count,
        played.known_runtime_play_count,
        played.watched_microseconds,
        played.watched_microseconds / 60e6 as watched_minutes,
        played.activity_date,
        played.first_started_at,
        played.last_started_at
    from played
    left join begun
        on played.user_id = begun.user_id and played.activity_date = begun.activity_date

)

select * from final
order by activity_date
