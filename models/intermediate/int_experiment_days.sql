{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

plays as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_plays') }}
        where experiment is not null and variant is not null
    ) as play
    {%- if is_incremental() %}
    where {{ on_changed_days('play') }}
    {%- endif %}

),

final as (

    select
        user_id,
        experiment,
        variant,
        count(*) as play_count,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds,
        activity_date,
        min(started_at) as first_started_at
    from plays
    group by user_id, experiment, variant, activity_date

)

select * from final
