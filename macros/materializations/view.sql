{#-
  A view, replaced by one statement. dbt's own renames the old one away and drops it afterwards,
  which takes as long as all else that a build does with a view. Hooks, grants and comments of
  columns in the database, which no model here asks for, are left out.
-#}
{% materialization view, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='view') -%}
    {%- do drop_other_kind(load_cached_relation(this), 'view') -%}
    {%- call statement('main') -%}
        create or replace view {{ target }} as (
        {{ compiled_code }}
        )
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}
