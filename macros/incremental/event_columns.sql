{#- What an event says, as checked, without where it came from. -#}
{% macro content_columns() -%}
    {{ return([
        'event_id', 'user_id', 'profile_id', 'received_show_id', 'show_name', 'content_type',
        'device', 'country', 'experiment', 'variant', 'extras', 'season', 'episode',
        'runtime_minutes', 'position_start_seconds', 'position_end_seconds',
        'watched_microseconds', 'started_at', 'ended_at',
    ]) }}
{%- endmacro %}

{#- The columns of an event that outlive the build which checked it. -#}
{% macro event_columns(relation=none) -%}
    {%- set prefix = relation ~ '.' if relation else '' -%}
    {%- for name in
        ['play_id', 'batch_id'] + content_columns()[:11] + ['source', 'source_position']
        + content_columns()[11:17] + ['started_date'] + content_columns()[17:] + ['landed_at']
    -%}
        {{ prefix }}{{ name }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
