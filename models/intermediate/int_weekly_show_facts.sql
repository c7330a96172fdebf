-- depends_on: {{ ref('rpt_weekly_top_shows') }}
-- After the lists: if a build dies between the two, the next one finds what the lists before them
-- were made with, and makes some once more.
{{ require_made_now('rpt_weekly_top_shows') }}
with

final as (

    {{ weekly_show_facts() }}

)

select * from final
