{#-
  Records that a run has begun, so that one which dies half-way is never published.
  A full refresh forgets what was published: every batch is taken and every part written anew.
  `code_version` is the code of the run, `table_code_version` the code that all tables were last
  made anew with, or null since a run of other code has written any of them. `selection` is `core`
  for the fast selection of selectors.yml, else `full`.
-#}
{% macro begin_run() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test'] -%}
        {%- set version -%}
            getvariable('code_version')
            {%- if invocation_args_dict.get('vars') %} || '+{{ tojson(invocation_args_dict['vars']) | replace("'", "''") }}'{% endif -%}
        {%- endset -%}
        {%- set statements -%}
            create schema if not exists history;
            create schema if not exists test_failures;
            create table if not exists history.published_batches (
                batch_id varchar, release_id integer, published_at timestamptz
            );
            create table if not exists history.waiting_batches (batch_id varchar);
            create table if not exists history.release_parts (
                mart varchar, part_date date, path varchar, row_count bigint, byte_count bigint
            );
            create table if not exists history.rewritten_days (mart varchar, part_date date);
            create table if not exists history.live_models (model_name varchar, query varchar);
            create table if not exists history.last_run (
                invocation_id varchar,
                code_version varchar,
                table_code_version varchar,
                selection varchar,
                full_refresh boolean,
                started_at timestamptz,
                completed_at timestamptz,
                is_complete boolean,
                failed_count integer
            );
            create or replace table history.last_run as
            select
                getvariable('invocation_id') as invocation_id,
                cast({{ version }} as varchar) as code_version,
                {%- if standing('int_watch_events_deduplicated') %}
                (
                    select
                        {%- if flags.WHICH == 'test' %}
                        table_code_version
                        {%- else %}
                        case when table_code_version = {{ version }} then table_code_version end
                        {%- endif %}
                    from history.last_run
                ) as table_code_version,
                {%- else %}
                cast({{ version }} as varchar) as table_code_version,
                {%- endif %}
                '{{ 'core' if is_core_run() else 'full' }}' as selection,
                {{ flags.FULL_REFRESH or false }} as full_refresh,
                current_timestamp as started_at,
                cast(null as timestamptz) as completed_at,
                false as is_complete,
                cast(null as integer) as failed_count;
            {%- if flags.FULL_REFRESH and flags.WHICH in ['build', 'run'] %}
            delete from history.published_batches;
            delete from history.waiting_batches;
            delete from history.release_parts;
            delete from history.rewritten_days;
            {%- endif %}
            {%- if not is_core_run() %}
            {{ restore_changes() }}
            {%- endif %}
        {%- endset -%}
        {%- do run_query(statements) -%}
    {%- endif -%}
{%- endmacro %}

{#-
  Records how the run ended: complete when it held every model, seed, snapshot and data test, or
  all of the fast selection. A full refresh is complete only with everything.
-#}
{% macro complete_run(results) -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test'] -%}
        {%- set done = [] -%}
        {%- set failed = [] -%}
        {%- for result in results -%}
            {%- if result.status in ['success', 'pass', 'warn', 'no-op'] -%}
                {#- There is nothing to do for an exposure. -#}
                {%- do done.append(result.node.unique_id) -%}
            {%- else -%}
                {%- do failed.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set missing = [] -%}
        {%- set is_whole_core = is_core_run() and flags.WHICH == 'build'
            and not flags.FULL_REFRESH and not invocation_args_dict.get('resource_types')
            and (invocation_args_dict.get('exclude_resource_types') or []) | list
            in [[], ['unit_test']] -%}
        {%- for node in graph.nodes.values()
            if node.resource_type in ['model', 'seed', 'snapshot', 'test']
            and node.config.materialized != 'ephemeral'
            and (node.unique_id in selected_resources or not is_whole_core)
            and node.unique_id not in done -%}
            {%- do missing.append(node.unique_id) -%}
        {%- endfor -%}
        {%- set statement -%}
            update history.last_run set
                completed_at = current_timestamp,
                is_complete = {{ missing | length == 0 }},
                {%- if flags.FULL_REFRESH and missing | length == 0 %}
                table_code_version = code_version,
                {%- endif %}
                failed_count = {{ failed | length }}
        {%- endset -%}
        {%- do run_query(statement) -%}
        {#- The live tail judges what no build has taken yet by the very SQL of the last one. -#}
        {%- for result in results
            if result.node.resource_type == 'model' and result.node.config.meta.get('live')
            and result.status == 'success' -%}
            {%- set name = result.node.name -%}
            {%- do run_query("delete from history.live_models where model_name = '" ~ name ~ "'") -%}
            {%- do run_query(
                "insert into history.live_models values ('" ~ name ~ "', '"
                ~ result.node.compiled_code | replace("'", "''") ~ "')"
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
