{#-
  Lets a test look only at what this build changed: in `where`, the words `changed days` stand
  for the days that were touched since the last publication. All other rows are as they were
  when they passed the same test. A full refresh changes every day.
  `ref` is of no use here: dbt reads the common tests without running their macros. The models
  under test all depend on int_changed_days, so it is always there before them.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set condition = config.get('where') or '' -%}
    {%- if 'changed days' in condition -%}
        {%- set days -%}
            (select activity_date from {{ standing('int_changed_days') }})
        {%- endset -%}
        {%- set condition = condition.replace('changed days', days) -%}
    {%- endif -%}
    {%- if condition -%}
        (select * from {{ relation }} where {{ condition }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
