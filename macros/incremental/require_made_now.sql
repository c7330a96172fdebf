{#-
  Stops a run of a model by itself that would add rows twice: what a model replaces is said by
  another, `name`, which has to be made in the same run to know of rows that were never published.
-#}
{% macro require_made_now(name) -%}
    {%- if execute and flags.WHICH in ['build', 'run']
        and 'model.' ~ project_name ~ '.' ~ name not in selected_resources -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " cannot be made without " ~ name ~ ": run `dbt build`, or "
            ~ "`dbt build --select +" ~ model.name ~ "`."
        ) -%}
    {%- endif -%}
{%- endmacro %}
