{{ config(
    materialized='incremental',
    incremental_strategy='append',
    tags=['until_published', 'core'],
) }}
-- Before any row changes, what it touches is on record: see int_changed_spans, which has the plays
-- only. Events of zero minutes are counted where they landed, too.
with

contested as (

    select * from {{ ref('int_contested_plays') }} where is_changed

),

final as (

    select {{ reporting_date('kept_started_at') }} as started_date
    from contested
    where kept_started_at is not null
    union
    select {{ reporting_date('started_at_before') }} as started_date
    from contested
    where started_at_before is not null

)

select * from final
