{#- The received fields of a record as one JSON object, without those that were not given. -#}
{% macro received_record(columns) -%}
    {{ return(adapter.dispatch('received_record')(columns)) }}
{%- endmacro %}

{% macro duckdb__received_record(columns) -%}
    {#- A merge patch leaves out the keys whose value is null. -#}
    cast(json_merge_patch('{}', json_object(
        {%- for column in columns %}
        '{{ column }}', {{ column }},
        {%- endfor %}
        'extras', cast(extras as json)
    )) as varchar)
{%- endmacro %}
