{#-
  A table that is added to: what the model selects goes to a temporary table, then the strategy of
  the model (`append` or `replace_changed`) takes it from there, all in one transaction and one
  statement. dbt's own asks for the columns of both tables six times. Here the engine compares
  them, names and types, and a difference is an error: changed code means a full refresh. That no
  null comes where the contract has none is enforced by the table, which was made under it.
-#}
{% materialization incremental, adapter='duckdb' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- if existing is none or existing.is_view or should_full_refresh() -%}
        {%- do drop_other_kind(existing, 'table') -%}
        {%- call statement('main') -%}{{ table_made_anew(target) }}{%- endcall -%}
    {%- else -%}
        {%- set rows = 'temp.main.' ~ adapter.quote(this.identifier ~ '__rows') -%}
        {%- set strategy = adapter.get_incremental_strategy_macro(
            context, config.get('incremental_strategy')
        ) -%}
        {%- call statement('main') -%}
            create or replace temp table {{ this.identifier }}__rows as (
            {{ compiled_code }}
            );
            {{ require_same_columns(target, this.identifier ~ '__rows') }};
            {{ strategy({'target_relation': target, 'temp_relation': rows}) }};
            drop table {{ rows }}
        {%- endcall -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#-
  A statement that fails unless a temporary table has the columns of a table. A core build that is
  run again from its record leaves it out, by its first words: the same code gives the same columns.
-#}
{% macro require_same_columns(target, temporary) -%}
    /* once */ select error('the columns of {{ target.identifier }} have changed; run `dbt build --full-refresh`')
    from (
        select column_name, column_type from (describe {{ target }})
        union all
        select column_name, column_type from (describe temp.main.{{ temporary }})
    ) as columns
    group by column_name, column_type
    having count(*) != 2
{%- endmacro %}
