{#-
  Of the columns that a producer sent beyond the canonical ones, those that `extra_columns` names,
  as one JSON object; null when an event has none of them.
-#}
{% macro passed_extras(extras) -%}
    {{ return(adapter.dispatch('passed_extras')(extras)) }}
{%- endmacro %}

{% macro duckdb__passed_extras(extras) -%}
    {%- if not execute or not var('extra_columns') -%}
    cast(null as varchar)
    {%- else -%}
    {#- A merge patch leaves out the keys whose value is null. -#}
    nullif(cast(json_merge_patch('{}', json_object(
        {%- for name, path in var('extra_columns').items() %}
        {%- set path = path if path.startswith('$') else '$."' ~ path ~ '"' %}
        '{{ name }}', json_extract(cast({{ extras }} as json), '{{ path | replace("'", "''") }}')
        {{- "," if not loop.last }}
        {%- endfor %}
    )) as varchar), '{}')
    {%- endif -%}
{%- endmacro %}
