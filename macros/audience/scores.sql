{#- The weights of the engagement score, by part; stops the build unless they add up to 1. -#}
{% macro engagement_weights() -%}
    {%- set weights = var('engagement_weights') -%}
    {%- set parts = ['hours', 'active_days', 'completion', 'breadth', 'recency'] -%}
    {%- if weights | sort != parts | sort -%}
        {%- do exceptions.raise_compiler_error(
            "engagement_weights in dbt_project.yml must name just these: " ~ parts | join(', ')
        ) -%}
    {%- endif -%}
    {%- if weights.values() | min < 0 or (weights.values() | sum - 1) | abs > 1e-9 -%}
        {%- do exceptions.raise_compiler_error(
            "engagement_weights in dbt_project.yml must be 0 or more and add up to 1, not to "
            ~ weights.values() | sum
        ) -%}
    {%- endif -%}
    {{ return(weights) }}
{%- endmacro %}

{#- Days of the window that scores and quintiles are of. -#}
{% macro score_days() -%}
    {{ return(28) }}
{%- endmacro %}
