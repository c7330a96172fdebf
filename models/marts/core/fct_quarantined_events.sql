{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'of_read_batches',
        'publish': {'order_by': ['landed_at', 'batch_id', 'source_position']},
    },
) }}
-- depends_on: {{ ref('int_batches') }}
-- depends_on: {{ ref('int_changed_batches') }}
{%- if not is_incremental() %}
{{ require_whole_lake() }}
{%- endif %}
with

rejects as (

    select * from {{ ref('stg_lake__rejects') }}

),

watch_events as (

    select * from {{ ref('int_watch_events_quarantined') }}

),

{% for stream in ['catalog_entries', 'users'] -%}
{{ stream }} as (

    select *
    from {{ ref('int_' ~ stream ~ '_checked') }} as target
    where not is_valid{% if is_incremental() %} and {{ of_read_batches() }}{% endif %}

),

{% endfor -%}
final as (

    -- The text of a rejected record stays in the lake, readable by its owner only.
    select
        batch_id,
        stream,
        source,
        source_kind,
        source_uri,
        [reason_code] as reason_codes,
        cast(null as varchar) as record,
        source_position,
        true as is_rejected,
        landed_at
    from rejects

    {%- for stream, relation in [
        ('watch_events', 'watch_events'), ('catalog', 'catalog_entries'), ('users', 'users')
    ] %}

    union all

    select
        batch_id,
        '{{ stream }}' as stream,
        source,
        source_kind,
        source_uri,
        reason_codes,
        record,
        source_position,
        false as is_rejected,
        landed_at
    from {{ relation }}
    {%- endfor %}

)

select * from final
