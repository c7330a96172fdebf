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

{#- Incremental strategy: insert what the model selects. -#}
{% macro get_incremental_append_sql(arg_dict) -%}
    insert into {{ arg_dict['target_relation'] }} by name
    select * from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
