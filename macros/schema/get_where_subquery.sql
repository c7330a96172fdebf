{#-
  Lets a test look only at what this build changed: in `where`, the words `changed days` stand
  for the days that were touched since the last publication, and so do `changed users` and
  `changed batches`. All other rows are as they were when they passed the same test. A full refresh
  changes all of them. `ref` is of no use here: dbt reads the common tests without running their
  macros. The models under test all depend on that log, so it is always there before them.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set condition = config.get('where') or '' -%}
    {%- set ns = namespace(condition=condition) -%}
    {%- for words, log, column in [
        ('changed days', 'int_changed_days', 'activity_date'),
        ('changed users', 'int_changed_users', 'user_id'),
        ('changed batches', 'int_changed_batches', 'batch_id'),
    ] if words in condition -%}
        {%- set changed = '(select ' ~ column ~ ' from ' ~ standing(log) ~ ')' -%}
        {%- set ns.condition = ns.condition.replace(words, changed) -%}
    {%- endfor -%}
    {%- set condition = ns.condition -%}
    {%- if condition -%}
        (select * from {{ relation }} where {{ condition }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
