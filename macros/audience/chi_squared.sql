{#-
  The chance that chi squared is at least `statistic` with `freedom` degrees of freedom, 1 or more:
  1 less the series of the lower incomplete gamma function, good to 12 digits. A thousand terms are
  enough up to where the chance is below the smallest double.
-#}
{% macro chi_squared_chance(statistic, freedom) -%}
    {{ return(adapter.dispatch('chi_squared_chance')(statistic, freedom)) }}
{%- endmacro %}

{% macro duckdb__chi_squared_chance(statistic, freedom) -%}
    case
        when {{ statistic }} = 0 then 1
        when {{ statistic }} > 1400 then 0
        else
            round(greatest(0, 1 - list_sum(list_transform(
                range(1000),
                lambda term: exp(
                    ({{ freedom }} / 2 + term) * ln({{ statistic }} / 2)
                    - {{ statistic }} / 2
                    - lgamma({{ freedom }} / 2 + term + 1)
                )
            ))), 12)
    end
{%- endmacro %}
