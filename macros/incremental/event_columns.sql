{#- What an event says, as checked, without where it came from. -#}
{% macro content_columns() -%}
    {{ return([
        'user_id', 'profile_id', 'event_id', 'received_show_id', 'show_name', 'content_type',
        'device', 'country', 'experiment', 'variant', 'extras', 'season', 'episode',
        'runtime_minutes', 'position_start_seconds', 'position_end_seconds',
        'watched_microseconds', 'started_at', 'ended_at',
    ]) }}
{%- endmacro %}

{#- The columns of an event that outlive the build which checked it. -#}
{% macro event_columns(relation=none) -%}
    {%- set names = ['play_id', 'batch_id', 'source', 'source_position', 'started_date', 'landed_at']
        + content_columns() -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for name in names -%}
        {{ prefix }}{{ name }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
