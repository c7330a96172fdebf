{#-
  Incremental strategy: delete the rows that a condition picks, then insert what the model
  selects, in one transaction. Unlike delete+insert it also removes keys that no longer have any
  row. `meta.replaces` names the macro that returns the condition (see changed.sql), and
  `meta.stream` its argument where it takes one.
-#}
{% macro get_incremental_replace_changed_sql(arg_dict) -%}
    {%- set meta = config.get('meta') -%}
    {%- set condition = context[meta['replaces']] -%}
    delete from {{ arg_dict['target_relation'] }} as target
    where {{ condition(meta['stream']) if 'stream' in meta else condition() }};
    {{ get_incremental_append_sql(arg_dict) }}
{%- endmacro %}

{#-
  The same for a table in which most of what is made anew comes out as it was: such rows stay where
  they are, and the days that lose a row are on record, so that a publication adds to the files of
  all others. `meta.key` is the column that identifies a row.
-#}
{% macro get_incremental_replace_different_sql(arg_dict) -%}
    {%- set meta = config.get('meta') -%}
    {%- set day = meta['publish']['partition_by'] -%}
    {%- set columns = model['columns'].keys() | join(', ') -%}
    {%- set before = this.identifier ~ '__before' -%}
    {%- set gone = this.identifier ~ '__gone' -%}
    create or replace temp table {{ before }} as
    select {{ columns }} from {{ arg_dict['target_relation'] }} as target
    where {{ context[meta['replaces']]() }};
    create or replace temp table {{ gone }} as
    select {{ columns }} from {{ before }}
    except
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
    delete from {{ arg_dict['target_relation'] }}
    where
        {{ day }} in (select {{ day }} from {{ gone }})
        and {{ meta['key'] }} in (select {{ meta['key'] }} from {{ gone }});
    insert into history.rewritten_days
    select distinct '{{ this.identifier }}', {{ day }} from {{ gone }};
    insert into {{ arg_dict['target_relation'] }} by name
    select {{ columns }} from {{ arg_dict['temp_relation'] }}
    except
    select {{ columns }} from {{ before }}
    order by {{ day }};
    drop table {{ before }};
    drop table {{ gone }}
{%- endmacro %}

{#- Incremental strategy: insert what the model selects. -#}
{% macro get_incremental_append_sql(arg_dict) -%}
    insert into {{ arg_dict['target_relation'] }} by name
    select * from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
