{#- The folder that everything written lives in, as the profile has it; quotes doubled for SQL. -#}
{% macro home() -%}
    {{ return(env_var('WATCHHOUSE_HOME', 'data') | replace("'", "''")) }}
{%- endmacro %}

{#-
  The rows of landed files, found only through the ledger, or a typed empty relation.

  `files` is a column of `int_batches` with lists of paths; `only` a condition on its rows. The
  list is literal in the compiled SQL: the engine opens just these files. Compaction lets batches
  share files: each is read once, and rows of other batches are left out.
-#}
{% macro landed_rows(files, only, columns) -%}
    {%- set paths = [] -%}
    {%- set shared = [] -%}
    {%- set batches = ref('int_batches') -%}
    {%- set batches = load_relation(batches) if execute else none -%}
    {%- if batches -%}
        {%- set query -%}
            select path, not bool_and(is_wanted) as is_shared
            from (select unnest({{ files }}) as path, {{ only }} as is_wanted from {{ batches }})
            group by path
            having bool_or(is_wanted)
            order by path
        {%- endset -%}
        {%- for row in asked(query).rows -%}
            {%- do paths.append("'" ~ home() ~ '/' ~ row['path'] | replace("'", "''") ~ "'") -%}
            {%- do shared.append(row['path']) if row['is_shared'] -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if paths -%}
        read_parquet([{{ paths | join(',\n        ') }}], hive_partitioning = false)
        {%- if shared %}
        where batch_id in (select batch_id from {{ ref('int_batches') }} where {{ only }})
        {%- endif -%}
    {%- else -%}
        {{ no_rows(columns) }}
    {%- endif -%}
{%- endmacro %}

{#- A relation with names and types but no rows, for `from`. -#}
{% macro no_rows(columns) -%}
    (
        select
        {%- for name, type in columns.items() %}
            cast(null as {{ type }}) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
        where false
    )
{%- endmacro %}

{#- The columns of a raw stream as the loader writes them: its own as text, then provenance. -#}
{% macro raw_columns(names) -%}
    {%- set columns = {} -%}
    {%- for name in names -%}
        {%- do columns.update({name: 'varchar'}) -%}
    {%- endfor -%}
    {%- do columns.update({
        'batch_id': 'varchar',
        'source': 'varchar',
        'source_kind': 'varchar',
        'source_uri': 'varchar',
        'source_position': 'bigint',
        'landed_at': 'timestamptz',
    }) -%}
    {{ return(columns) }}
{%- endmacro %}

{#- The date formats that the mappings of the batches at hand name. -#}
{% macro watch_date_formats() -%}
    {%- set formats = [] -%}
    {%- set batches = ref('int_batches') -%}
    {%- set batches = load_relation(batches) if execute else none -%}
    {%- if batches -%}
        {%- set query -%}
            select distinct watch_date_format from {{ batches }}
            where is_taken and watch_date_format is not null order by watch_date_format
        {%- endset -%}
        {%- for row in asked(query).rows -%}
            {%- do formats.append(row['watch_date_format']) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(formats) }}
{%- endmacro %}
