-- depends_on: {{ ref('int_batches') }}
{%- set columns = {
    'batch_id': 'varchar',
    'stream': 'varchar',
    'source': 'varchar',
    'source_kind': 'varchar',
    'source_uri': 'varchar',
    'source_position': 'bigint',
    'reason_code': 'varchar',
    'landed_at': 'timestamptz',
} %}
with

landed as (

    select * from {{ landed_rows('reject_paths', 'is_taken', columns) }}

),

-- The text of a rejected record is not read: it may hold raw identifiers, and it expires.
final as (

    select
        batch_id,
        stream,
        source,
        source_kind,
        source_uri,
        source_position,
        reason_code,
        timezone('UTC', landed_at) as landed_at
    from landed

)

select * from final
