{{ config(
    materialized='incremental',
    incremental_strategy='replace_different',
    meta={
        'replaces': 'in_changed_spans',
        'key': 'play_id',
        'publish': {'partition_by': 'started_date'},
    },
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_spans') }}
with

plays as (

    select *
    from {{ ref('int_plays') }} as play
    {%- if is_incremental() %}
    where {{ in_changed_spans('play') }}
    {%- endif %}

),

-- From end to start: from start to start every play longer than the gap would end its session.
preceded as (

    select
        play_id,
        user_id,
        started_at,
        max(ended_at) over (
            partition by user_id
            order by started_at, play_id
            rows between unbounded preceding and 1 preceding
        ) as ended_at_before
    from plays

),

sessionized as (

    select
        play_id,
        max(
            case
                when
                    ended_at_before is null
                    or started_at
                    > ended_at_before + interval '{{ var("session_gap_minutes") }} minutes'
                    then started_at
            end
        ) over (
            partition by user_id
            order by started_at, play_id
            rows between unbounded preceding and current row
        ) as session_started_at
    from preceded

),

final as (

    select
        plays.play_id,
        {{ identifier_of(
            ['plays.user_id', 'epoch_us(sessionized.session_started_at)']
        ) }} as session_id,
        plays.batch_id,
        plays.user_id,
        plays.profile_id,
        plays.show_id,
        plays.show_id_source,
        plays.show_name,
        plays.content_type,
        plays.device,
        plays.country,
        plays.experiment,
        plays.variant,
        plays.runtime_source,
        plays.source,
        plays.extras,
        plays.season,
        plays.episode,
        plays.watched_microseconds,
        plays.watched_microseconds / 60e6 as watched_minutes,
        plays.runtime_minutes,
        plays.position_start_seconds,
        plays.position_end_seconds,
        case
            when plays.runtime_minutes > 0
                then least(1, plays.watched_microseconds / 60e6 / plays.runtime_minutes)
        end as completion_rate,
        case
            when plays.runtime_minutes > 0
                then
                    plays.watched_microseconds / 60e6 / plays.runtime_minutes
                    >= {{ var('complete_threshold') }}
        end as is_complete_play,
        plays.started_date,
        plays.started_at,
        plays.ended_at
    from plays
    inner join sessionized on plays.play_id = sessionized.play_id

)

-- The one place where order matters: a day's plays lie together, so that a later build or a
-- publication reads a day without its neighbours.
select * from final
order by started_date
