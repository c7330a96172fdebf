{{ config(meta={
    'publish': {'order_by': ['show_id', 'affinity_rank'], 'indexes': [['show_id']]},
}) }}
with

user_show_days as not materialized (

    select * from {{ ref('int_user_show_days') }}

),

bounds as (

    select
        max(activity_date) - {{ var('affinity_window_days') - 1 }} as window_started_date,
        max(activity_date) as window_ended_date
    from user_show_days

),

watched as (

    select
        user_id,
        show_id,
        sum(watched_microseconds) as watched_microseconds
    from user_show_days
    where activity_date >= (select bounds.window_started_date from bounds)
    group by user_id, show_id
    having sum(watched_microseconds) >= {{ var('starter_minutes') * 60000000 }}

),

-- Pairs grow with the square of what one user watched: few users would cost more than all others.
ranked as (

    select
        user_id,
        show_id,
        row_number() over (
            partition by user_id order by watched_microseconds desc, show_id asc
        ) as place
    from watched

),

baskets as (

    select
        user_id,
        show_id
    from ranked
    where place <= {{ var('affinity_max_shows_per_user') }}

),

users as (

    select count(distinct user_id) as base_user_count from baskets

),

-- A show that fewer users watched than must share a pair is in no pair. Small numbers instead of
-- names, of shows and of users, make the pairs cheap.
shows as (

    select
        show_id,
        row_number() over (order by show_id) as show_number,
        count(*) as user_count
    from baskets
    group by show_id
    having count(*) >= {{ var('affinity_min_shared_users') }}

),

user_numbers as (

    select
        user_id,
        row_number() over () as user_number
    from baskets
    group by user_id

),

numbered as (

    select
        cast(user_numbers.user_number as integer) as user_number,
        cast(shows.show_number as integer) as show_number
    from baskets
    inner join shows on baskets.show_id = shows.show_id
    inner join user_numbers on baskets.user_id = user_numbers.user_id

),

pairs as (

    select
        one.show_number,
        other.show_number as other_show_number,
        count(*) as shared_user_count
    from numbered as one
    inner join numbered as other
        on one.user_number = other.user_number and one.show_number < other.show_number
    group by one.show_number, other.show_number
    having count(*) >= {{ var('affinity_min_shared_users') }}

),

both_ways as (

    select
        show_number,
        other_show_number,
        shared_user_count
    from pairs

    union all

    select
        other_show_number as show_number,
        show_number as other_show_number,
        shared_user_count
    from pairs

),

measured as (

    select
        one.show_id,
        other.show_id as other_show_id,
        one.user_count,
        other.user_count as other_user_count,
        both_ways.shared_user_count,
        users.base_user_count,
        both_ways.shared_user_count * users.base_user_count
        / (one.user_count * other.user_count) as lift,
        both_ways.shared_user_count
        / (one.user_count + other.user_count - both_ways.shared_user_count) as jaccard
    from both_ways
    inner join shows as one on both_ways.show_number = one.show_number
    inner join shows as other on both_ways.other_show_number = other.show_number
    cross join users

),

placed as (

    select
        *,
        row_number() over (
            partition by show_id
            order by lift desc, shared_user_count desc, other_show_id asc
        ) as affinity_rank
    from measured

),

final as (

    select
        placed.show_id,
        placed.other_show_id,
        placed.affinity_rank,
        placed.user_count,
        placed.other_user_count,
        placed.shared_user_count,
        placed.base_user_count,
        placed.lift,
        placed.jaccard,
        bounds.window_started_date,
        bounds.window_ended_date
    from placed
    cross join bounds
    where placed.affinity_rank <= {{ var('affinity_top_shows') }}

)

select * from final
