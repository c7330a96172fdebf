{#-
  Stops a partial full refresh that would lose rows: the checked events hold only what this
  build takes, so the history can be made again only together with them.
-#}
{% macro require_whole_lake() -%}
    {%- set batches = ref('int_batches') -%}
    {%- set batches = load_relation(batches) if execute else none -%}
    {%- if batches -%}
        {%- set query -%}
            select count(*) as n from {{ batches }} where not is_taken and not is_superseded
        {%- endset -%}
        {%- if asked(query).rows[0]['n'] > 0 -%}
            {%- do exceptions.raise_compiler_error(
                model.name ~ " cannot be made again by itself: run `dbt build --full-refresh` "
                ~ "without --select."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
