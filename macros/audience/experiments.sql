{#- The planned arms of experiments as rows of a `values` list: experiment, variant and share. -#}
{% macro planned_arms() -%}
    {%- for experiment, shares in var('experiment_shares').items() -%}
        {%- for variant, share in shares.items() %}
        ({{ quoted(experiment) }}, {{ quoted(variant) }}, cast({{ share }} as double)),
        {%- endfor -%}
    {%- endfor %}
        (null, null, null)
{%- endmacro %}

{#- The control arms of experiments as rows of a `values` list: experiment and variant. -#}
{% macro control_arms() -%}
    {%- for experiment, variant in var('experiment_controls').items() %}
        ({{ quoted(experiment) }}, {{ quoted(variant) }}),
    {%- endfor %}
        (null, null)
{%- endmacro %}

{#- A text as a literal of SQL. -#}
{% macro quoted(text) -%}
    '{{ text | replace("'", "''") }}'
{%- endmacro %}
