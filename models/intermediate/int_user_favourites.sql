{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_users_of_changed_shows'},
) }}
-- depends_on: {{ ref('int_changed_user_shows') }}
-- depends_on: {{ ref('int_changed_user_show_days') }}
-- What is not among the favourites of a user cannot come among them unless it changes, or one of
-- them falls: so a build looks at the old favourites and at what changed, and at all shows of a
-- user only if a favourite fell.
with

user_shows as not materialized (

    select * from {{ ref('int_user_shows') }}

),

{% if is_incremental() -%}
changed as (

    select distinct
        user_id,
        show_id
    from {{ ref('int_changed_user_shows') }}

),

-- As in int_user_shows, which is of all time and would be looked through for them.
moved as (

    select
        days.user_id,
        days.show_id,
        cast(sum(days.watched_microseconds) as bigint) as watched_microseconds
    from {{ ref('int_changed_user_show_days') }} as days
    semi join changed on days.user_id = changed.user_id and days.show_id = changed.show_id
    group by days.user_id, days.show_id

),

standing as (

    select
        favourite.user_id,
        unnest(favourite.favourite_show_ids) as show_id,
        unnest(favourite.favourite_microseconds) as watched_microseconds
    from {{ this }} as favourite
    where {{ of_users_of_changed_shows('favourite') }}

),

-- A favourite of which nothing is left has no row any more.
fallen as (

    select distinct standing.user_id
    from standing
    inner join changed
        on standing.user_id = changed.user_id and standing.show_id = changed.show_id
    left join moved
        on standing.user_id = moved.user_id and standing.show_id = moved.show_id
    where coalesce(moved.watched_microseconds, 0) < standing.watched_microseconds

),

candidates as (

    select
        moved.user_id,
        moved.show_id,
        moved.watched_microseconds
    from moved
    anti join fallen on moved.user_id = fallen.user_id

    union all

    select
        standing.user_id,
        standing.show_id,
        standing.watched_microseconds
    from standing
    anti join changed
        on standing.user_id = changed.user_id and standing.show_id = changed.show_id
    anti join fallen on standing.user_id = fallen.user_id

    union all

    select
        user_shows.user_id,
        user_shows.show_id,
        user_shows.watched_microseconds
    from user_shows
    semi join fallen on user_shows.user_id = fallen.user_id

),

{% else -%}
candidates as (

    select
        user_id,
        show_id,
        watched_microseconds
    from user_shows

),

{% endif -%}
-- By the least pairs of less time, then show_id: in less than half the time of min_by.
ranked as (

    select
        user_id,
        min(
            row(-watched_microseconds, show_id), {{ var('favourite_shows') }}
        ) as favourites
    from candidates
    group by user_id

),

final as (

    select
        user_id,
        list_transform(favourites, lambda favourite: favourite[2]) as favourite_show_ids,
        list_transform(favourites, lambda favourite: -favourite[1]) as favourite_microseconds
    from ranked

)

select * from final
