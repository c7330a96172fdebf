{#-
  The published windows that end with the day of data_as_of, and their lengths in days: a day, a
  week, and 4 and 13 whole weeks, so that each weekday is in a window equally often.
-#}
{% macro platform_windows() -%}
    {{ return({'1d': 1, '7d': 7, '28d': 28, '91d': 91}) }}
{%- endmacro %}

{#- Days with plays in the last 28, for a semi-join that reads no other day. -#}
{% macro last_four_weeks() -%}
    select day.activity_date
    from {{ ref('fct_platform_days') }} as day
    where
        day.activity_date
        > (select max(known.activity_date) from {{ ref('fct_platform_days') }} as known)
        - {{ platform_windows()['28d'] }}
{%- endmacro %}
