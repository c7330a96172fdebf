{#- A table, made anew in one transaction without a second one that is renamed: see view.sql. -#}
{% materialization table, adapter='duckdb' -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- do drop_other_kind(load_cached_relation(this), 'table') -%}
    {%- call statement('main') -%}{{ table_made_anew(target) }}{%- endcall -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#- Statements that replace a table by what the model selects, under its contract if it has one. -#}
{% macro table_made_anew(target) -%}
    drop table if exists {{ target }};
    {{ create_table_as(false, target, compiled_code) }}
{%- endmacro %}

{#- Drops a view where a table will be, or a table where a view will be. -#}
{% macro drop_other_kind(existing, kind) -%}
    {%- if existing is not none and existing.type != kind -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
{%- endmacro %}
