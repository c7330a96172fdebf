{%- set files = ledger_files_to_read() -%}
{%- set columns = {
    'entry_kind': 'varchar',
    'batch_id': 'varchar',
    'stream': 'varchar',
    'source': 'varchar',
    'source_kind': 'varchar',
    'source_uri': 'varchar',
    'content_hash': 'varchar',
    'mapping': 'struct(watch_date_format varchar, time_zone varchar, decimal_separator varchar)',
    'supersedes': 'varchar[]',
    'replay_of': 'varchar',
    'files': 'struct(path varchar)[]',
    'reject_files': 'struct(path varchar)[]',
    'read_count': 'bigint',
    'rejected_count': 'bigint',
    'landed_count': 'bigint',
    'revision': 'bigint',
    'ingest_date': 'date',
    'landed_at': 'timestamptz',
} -%}

{%- set empty = {'ledger_path': 'varchar'} -%}
{%- do empty.update(columns) -%}
with

landed as (

    select *
    from
    {%- if files %}
        read_json(
            [{{ files | join(',\n            ') }}],
            format = 'newline_delimited',
            filename = 'ledger_path',
            columns = {
            {%- for name, type in columns.items() %}
                {{ name }}: '{{ type }}'{{ "," if not loop.last }}
            {%- endfor %}
            }
        )
    {%- else %}
        {{ no_rows(empty) }}
    {%- endif %}

),

final as (

    select
        ledger_path,
        batch_id,
        stream,
        source,
        source_kind,
        source_uri,
        content_hash,
        replay_of,
        nullif(mapping['watch_date_format'], '') as watch_date_format,
        coalesce(mapping['time_zone'], 'UTC') as time_zone,
        coalesce(mapping['decimal_separator'], '.') as decimal_separator,
        supersedes,
        list_transform(files, lambda file: file['path']) as raw_paths,
        list_transform(reject_files, lambda file: file['path']) as reject_paths,
        read_count,
        rejected_count,
        landed_count,
        coalesce(revision, 0) as revision,
        ingest_date,
        timezone('UTC', landed_at) as landed_at
    from landed
    where entry_kind = 'batch'

)

select * from final
