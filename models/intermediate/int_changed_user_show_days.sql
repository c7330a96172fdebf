-- Read once for all models that are made anew by user and show: each would look among all days of
-- all users for its pairs.
with

user_show_days as not materialized (

    select * from {{ ref('int_user_show_days') }}

),

shows as (

    select show_id from {{ ref('int_changed_units') }}
    union
    select show_id from {{ ref('int_changed_seasons') }}

),

-- Where no show is known otherwise, the engine reads no day for the second part.
pairs as (

    select
        user_id,
        show_id
    from {{ ref('int_changed_user_shows') }}

    union

    select
        user_show_days.user_id,
        user_show_days.show_id
    from user_show_days
    semi join shows on user_show_days.show_id = shows.show_id

),

final as (

    select
        days.show_id,
        days.user_id,
        days.season,
        days.episode,
        days.play_count,
        days.reached_play_count,
        days.watched_microseconds,
        days.longest_play_microseconds,
        days.best_completion_rate,
        days.activity_date
    from user_show_days as days
    semi join pairs on days.user_id = pairs.user_id and days.show_id = pairs.show_id

)

select * from final
