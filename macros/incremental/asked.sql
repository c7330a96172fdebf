{#-
  The answer to a question on which the SQL of a model depends, beside its code and variables. It
  is marked, so that whoever runs the compiled SQL again can see whether it would be the same: see
  watchhouse/recording.py.
-#}
{% macro asked(question) -%}
    {{ return(run_query('/* asked */ ' ~ question)) }}
{%- endmacro %}
