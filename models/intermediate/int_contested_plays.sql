-- depends_on: {{ ref('int_batches') }}
{%- set existing = built('int_watch_events_deduplicated') %}
with

checked as (

    select *
    from {{ ref('int_watch_events_checked') }}
    where is_valid and {{ of_taken_batches() }}

),

{% if existing -%}
moved_batches as (

    select batch_id from {{ ref('int_batches') }} where is_taken or is_withdrawn

),

-- Rows of a batch that is taken again, after a build that was never published, or withdrawn.
moved_plays as (

    select play_id
    from {{ existing }}
    where batch_id in (select moved_batches.batch_id from moved_batches)

),

plays_at_stake as (

    select play_id from checked
    union
    select play_id from moved_plays

),

-- Only the columns that are looked through, so that the whole rows are read of few days.
known_days as (

    select distinct started_date
    from {{ existing }}
    where play_id in (select play_id from plays_at_stake)

),

known as (

    select *
    from {{ existing }}
    where
        started_date in (select started_date from known_days)
        and play_id in (select play_id from plays_at_stake)

),

known_dates as (

    select
        play_id,
        list(distinct started_date) as known_dates
    from known
    group by play_id

),

remaining as (

    select * from known where batch_id not in (select batch_id from moved_batches)

),

{% endif -%}
candidates as (

    select {{ event_columns() }} from checked
    {%- if existing %}
    union all
    select {{ event_columns() }} from remaining
    {%- endif %}

),

repeated as (

    select play_id
    from candidates
    group by play_id
    having count(*) > 1

),

-- Longest watched, then smallest content, then smallest provenance: total, whatever the order
-- of arrival.
ranked as (

    select
        play_id,
        batch_id,
        source_position,
        user_id,
        watched_microseconds,
        started_at,
        ended_at,
        row_number() over (
            partition by play_id
            order by
                watched_microseconds desc,
                {{ identifier_of(content_columns()) }},
                batch_id,
                source_position
        ) as place
    from candidates
    where play_id in (select repeated.play_id from repeated)

),

kept as (

    select
        play_id,
        batch_id,
        source_position,
        user_id,
        watched_microseconds,
        started_at,
        ended_at
    from ranked
    where place = 1

    {% if existing -%}
    union all

    select
        play_id,
        batch_id,
        source_position,
        user_id,
        watched_microseconds,
        started_at,
        ended_at
    from candidates
    where play_id not in (select repeated.play_id from repeated)
    {%- endif %}

),

final as (

    {% if existing -%}
    select
        plays_at_stake.play_id,
        kept.batch_id as kept_batch_id,
        before.batch_id as batch_id_before,
        kept.source_position as kept_source_position,
        kept.user_id as kept_user_id,
        before.user_id as user_id_before,
        known_dates.known_dates,
        kept.batch_id is distinct from before.batch_id
        or kept.source_position is distinct from before.source_position
        or before.batch_id in (select moved_batches.batch_id from moved_batches) as is_changed,
        kept.started_at as kept_started_at,
        kept.ended_at as kept_ended_at,
        before.started_at as started_at_before,
        before.ended_at as ended_at_before
    from plays_at_stake
    left join kept on plays_at_stake.play_id = kept.play_id
    left join known as before on plays_at_stake.play_id = before.play_id and before.is_kept
    left join known_dates on plays_at_stake.play_id = known_dates.play_id
    {%- else -%}
    select
        kept.play_id,
        kept.batch_id as kept_batch_id,
        cast(null as varchar) as batch_id_before,
        kept.source_position as kept_source_position,
        kept.user_id as kept_user_id,
        cast(null as varchar) as user_id_before,
        cast(null as date[]) as known_dates,
        true as is_changed,
        kept.started_at as kept_started_at,
        kept.ended_at as kept_ended_at,
        cast(null as timestamp) as started_at_before,
        cast(null as timestamp) as ended_at_before
    from kept
    {%- endif %}

)

select * from final
