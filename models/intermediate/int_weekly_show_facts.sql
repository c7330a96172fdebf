-- depends_on: {{ ref('rpt_weekly_top_shows') }}
-- After the lists: if a build dies between the two, the next one finds what the lists before them
-- were made with, and makes some once more.
{{ require_made_now('rpt_weekly_top_shows') }}
with

shows as (

    select * from {{ ref('dim_shows') }}

),

show_windows as (

    select * from {{ ref('rpt_show_windows') }} where window_name = 'all'

),

final as (

    select
        shows.show_id,
        shows.content_type,
        show_windows.runtime_minutes
    from shows
    left join show_windows on shows.show_id = show_windows.show_id

)

select * from final
