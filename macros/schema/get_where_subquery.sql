{#-
  Lets a test look only at what this build changed: in `where`, the words `changed days` stand
  for the days that were touched since the last publication. All other rows are as they were
  when they passed the same test. A full refresh changes every day.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set condition = config.get('where', '') -%}
    {%- if 'changed days' in condition -%}
        {%- set days -%}
            (select activity_date from {{ ref('int_changed_days') }})
        {%- endset -%}
        {%- set condition = condition.replace('changed days', days) -%}
    {%- endif -%}
    {%- if condition -%}
        (select * from {{ relation }} where {{ condition }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
