{#-
  The relation of a model as the last build left it, or none: for models that run before it and
  must see its rows from before this build, which `ref` cannot express. None on a full refresh.
-#}
{% macro built(model_name) -%}
    {{ return(none if flags.FULL_REFRESH else standing(model_name)) }}
{%- endmacro %}

{#- The relation of a model as it stands in the database, or none; makes no dependency. -#}
{% macro standing(model_name) -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == 'model' and node.name == model_name -%}
            {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#-
  Whether a batch of a stream came or went since the last full publication, in the fast selection
  since the last one of any kind. Known before the SQL is compiled.
-#}
{% macro stream_moves(stream) -%}
    {%- set batches = ref('int_batches') -%}
    {%- set batches = load_relation(batches) if execute else none -%}
    {%- if not batches -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set query -%}
        select count(*) as n from {{ batches }}
        where stream = '{{ stream }}' and is_moved
    {%- endset -%}
    {{ return(asked(query).rows[0]['n'] > 0) }}
{%- endmacro %}
