-- depends_on: {{ ref('int_cohort_periods') }}
-- After the counts: if a build dies between the two, the next one finds the cohorts that the counts
-- before them were made with, and counts some periods once more.
{{ require_made_now('int_cohort_periods') }}
with

final as (

    {{ cohort_members() }}

)

select * from final
