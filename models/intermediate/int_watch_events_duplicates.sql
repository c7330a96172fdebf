{{ config(materialized='view') }}
with

events as (

    select * from {{ ref('int_watch_events_deduplicated') }} where not is_kept

),

final as (

    select {{ event_columns() }} from events

)

select * from final
