-- A row is a show of which another number of plays of known runtime was measured than there are.
with

show_days as (

    select
        show_id,
        sum(known_runtime_play_count) as known_runtime_play_count
    from {{ ref('fct_show_days') }}
    group by show_id

),

progress as (

    select
        show_id,
        sum(completed_play_count) as completed_play_count,
        sum(reached_play_count) as reached_play_count,
        sum(covering_play_change) as covering_play_change
    from {{ ref('int_show_progress_days') }}
    group by show_id

)

select
    show_days.show_id,
    show_days.known_runtime_play_count,
    marks.known_runtime_play_count as mark_play_count,
    progress.completed_play_count,
    progress.reached_play_count,
    progress.covering_play_change
from show_days
left join {{ ref('rpt_show_progress') }} as marks on show_days.show_id = marks.show_id
left join progress on show_days.show_id = progress.show_id
where
    show_days.known_runtime_play_count != coalesce(marks.known_runtime_play_count, 0)
    or show_days.known_runtime_play_count != coalesce(progress.completed_play_count, 0)
    or show_days.known_runtime_play_count != coalesce(progress.reached_play_count, 0)
    or coalesce(progress.covering_play_change, 0) != 0
