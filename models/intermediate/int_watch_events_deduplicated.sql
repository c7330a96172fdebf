{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_contested_plays'},
) }}
-- Before any row changes, what it touches is on record: see int_changed_spans.
-- depends_on: {{ ref('int_changed_spans') }}
-- depends_on: {{ ref('int_changed_batches') }}
-- depends_on: {{ ref('int_batches') }}
{%- if not is_incremental() %}
{{ require_whole_lake() }}
{%- else %}
{{ require_made_now('int_contested_plays') }}
{%- endif %}
with

checked as (

    select *
    from {{ ref('int_watch_events_checked') }}
    where is_valid and {{ of_taken_batches() }}

),

contested as (

    select * from {{ ref('int_contested_plays') }}

),

{% if is_incremental() -%}
moved_batches as (

    select batch_id from {{ ref('int_batches') }} where is_taken or is_withdrawn

),

remaining as (

    select *
    from {{ this }} as target
    where
        {{ of_contested_plays() }}
        and batch_id not in (select batch_id from moved_batches)

),

{% endif -%}
candidates as (

    select {{ event_columns() }} from checked
    {%- if is_incremental() %}
    union all
    select {{ event_columns() }} from remaining
    {%- endif %}

),

final as (

    select
        {{ event_columns('candidates') }},
        contested.play_id is null or (
            candidates.batch_id = contested.kept_batch_id
            and candidates.source_position = contested.kept_source_position
        ) as is_kept
    from candidates
    left join contested on candidates.play_id = contested.play_id

)

select * from final
