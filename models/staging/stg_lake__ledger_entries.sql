{#- In a glob, `[`, `*` and `?` of the home's own name stand for themselves in brackets. -#}
{%- set entries = modules.re.sub('([*?[])', '[\\1]', home()) ~ '/raw/ledger/**/*.json' -%}
{%- set any = "select count(*) > 0 as is_found from glob('" ~ entries ~ "')" -%}
{%- set found = execute and asked(any).rows[0]['is_found'] -%}
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

with

ledger as (

    select *
    from
    {%- if found %}
        read_json(
            '{{ entries }}',
            format = 'newline_delimited',
            columns = {
            {%- for name, type in columns.items() %}
                {{ name }}: '{{ type }}'{{ "," if not loop.last }}
            {%- endfor %}
            }
        )
    {%- else %}
        {{ no_rows(columns) }}
    {%- endif %}

),

-- Compaction writes entries anew, in other files: while both are there, the newer one counts.
latest as (

    select *
    from ledger
    where entry_kind = 'batch'
    qualify
        row_number() over (
            partition by batch_id order by coalesce(revision, 0) desc, landed_at
        ) = 1

),

final as (

    select
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
        ingest_date,
        timezone('UTC', landed_at) as landed_at
    from latest

)

select * from final
