{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_landing_days'},
) }}
-- depends_on: {{ ref('int_changed_landing_days') }}
with

events as (

    select *
    from {{ ref('int_watch_events_validated') }} as landed
    {%- if is_incremental() %}
    where {{ on_changed_landing_days('landed') }}
    {%- endif %}

),

final as (

    select
        batch_id,
        count(*) as event_count,
        started_date,
        landed_at,
        min(ended_at) as first_ended_at,
        max(ended_at) as last_ended_at
    from events
    group by batch_id, started_date, landed_at

)

select * from final
order by started_date
