{{ config(meta={'publish': {'order_by': ['activity_date', 'genre']}}) }}
-- Made anew by every build, as rpt_weekly_top_shows is: a catalogue that changes a show's genres
-- moves it on days on which no play has changed.
with

show_days as (

    select * from {{ ref('fct_show_days') }}

),

shows as (

    select * from {{ ref('dim_shows') }}

),

-- A genre that the catalogue repeats counts once; a show without any is in the genre null.
genres as (

    select
        show_id,
        unnest(
            case when len(genres) > 0 then list_distinct(genres) else [cast(null as varchar)] end
        ) as genre
    from shows

),

days as (

    select
        genres.genre,
        show_days.activity_date,
        count(*) as show_count,
        cast(sum(show_days.play_count) as bigint) as play_count,
        cast(sum(show_days.complete_play_count) as bigint) as complete_play_count,
        cast(sum(show_days.known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(show_days.watched_microseconds) as bigint) as watched_microseconds
    from show_days
    inner join genres on show_days.show_id = genres.show_id
    group by genres.genre, show_days.activity_date

),

final as (

    select
        genre,
        show_count,
        play_count,
        complete_play_count,
        known_runtime_play_count,
        watched_microseconds,
        watched_microseconds / 3600e6 as hours_viewed,
        activity_date
    from days

)

select * from final
