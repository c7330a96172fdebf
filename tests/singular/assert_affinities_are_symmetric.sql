-- A row is a pair of shows that says something else in the other direction, of which more users
-- watched both than either, or a show that is paired with itself.
with

pairs as (

    select * from {{ ref('rpt_show_affinities') }}

)

select
    pairs.show_id,
    pairs.other_show_id,
    pairs.lift,
    mirrored.lift as mirrored_lift
from pairs
left join pairs as mirrored
    on pairs.show_id = mirrored.other_show_id and pairs.other_show_id = mirrored.show_id
where
    pairs.show_id = pairs.other_show_id
    or pairs.shared_user_count > least(pairs.user_count, pairs.other_user_count)
    or pairs.lift != mirrored.lift
    or pairs.jaccard != mirrored.jaccard
    or pairs.user_count != mirrored.other_user_count
    or pairs.shared_user_count != mirrored.shared_user_count
