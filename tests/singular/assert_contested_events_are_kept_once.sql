-- A row is an event of which two rows are kept, or none although one passed every rule.
select
    play_id,
    count(*) filter (where is_kept) as kept_count
from {{ ref('int_watch_events_deduplicated') }}
where
    play_id in (select contested.play_id from {{ ref('int_contested_plays') }} as contested)
group by play_id
having count(*) filter (where is_kept) != 1
