{#-
  What is known of each show that decides its place in a weekly list: the lists are made with it, and
  int_weekly_show_facts remembers it. Every show with a play has a row of all time, and with it the
  runtime of the show as a whole.
-#}
{% macro weekly_show_facts() -%}
    select
        shows.show_id,
        shows.content_type,
        show_windows.runtime_minutes
    from {{ ref('dim_shows') }} as shows
    left join {{ ref('rpt_show_windows') }} as show_windows
        on shows.show_id = show_windows.show_id and show_windows.window_name = 'all'
{%- endmacro %}
