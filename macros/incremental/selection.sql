{#-
  Whether this run is the fast selection of selectors.yml. To any other run, what it published is
  not yet published: the marts that it leaves out have not seen it.
-#}
{% macro is_core_run() -%}
    {{ return(invocation_args_dict.get('selector') == 'core') }}
{%- endmacro %}

{#-
  Statements that give the logs back what core publications set aside, so that a run with other
  marts sees every change since the last full publication. The logs are sets: an entry that is
  there twice, after a crash between two statements, is there once.
-#}
{% macro restore_changes() -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and 'until_published' in node.tags -%}
        {%- set waiting = adapter.get_relation(
            node.database, 'history', 'waiting_' ~ node.alias
        ) -%}
        {%- set log = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- if waiting and log %}
            insert into {{ log }} by name select * from {{ waiting }};
            drop table {{ waiting }};
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
