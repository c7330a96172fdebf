-- A row is a window whose shows do not add up to the platform's days, or whose shares not to one.
with

bounds as (

    select max(activity_date) as last_activity_date from {{ ref('fct_platform_days') }}

),

summed as (

    select
        window_name,
        window_started_date,
        sum(play_count) as play_count,
        sum(watched_microseconds) as watched_microseconds,
        sum(complete_play_count) as complete_play_count,
        sum(share_of_viewing) as share_of_viewing
    from {{ ref('rpt_show_windows') }}
    group by window_name, window_started_date

)

select
    summed.window_name,
    summed.play_count,
    summed.watched_microseconds,
    summed.share_of_viewing
from summed
cross join bounds
left join {{ ref('fct_platform_days') }} as days
    on
        summed.window_started_date <= days.activity_date
        and bounds.last_activity_date >= days.activity_date
group by
    summed.window_name,
    summed.play_count,
    summed.watched_microseconds,
    summed.complete_play_count,
    summed.share_of_viewing
having
    summed.play_count is distinct from sum(days.play_count)
    or summed.watched_microseconds is distinct from sum(days.watched_microseconds)
    or summed.complete_play_count is distinct from sum(days.complete_play_count)
    or abs(summed.share_of_viewing - 1) > 1e-9
