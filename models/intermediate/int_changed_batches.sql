{{ config(
    materialized='incremental',
    incremental_strategy='append',
    tags=['until_published'],
) }}
-- Before any row changes, its day is on record, too.
-- depends_on: {{ ref('int_changed_landing_days') }}
-- Batches that are taken or withdrawn, and those whose row won or lost its place to one of theirs.
-- A log like int_changed_spans: the build after one that died finds that place already changed.
with

batches as (

    select * from {{ ref('int_batches') }}

),

contested as (

    select * from {{ ref('int_contested_plays') }} where is_changed

),

-- Small whole streams: one new catalogue may displace rows of every earlier one.
whole_streams as (

    select distinct stream
    from batches
    where stream != 'watch_events' and (is_taken or is_withdrawn)

),

final as (

    select batch_id from batches where is_taken or is_withdrawn
    union
    select batches.batch_id
    from batches
    inner join whole_streams on batches.stream = whole_streams.stream
    union
    select kept_batch_id as batch_id from contested where kept_batch_id is not null
    union
    select batch_id_before as batch_id from contested where batch_id_before is not null

)

select * from final
