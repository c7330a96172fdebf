{{ config(meta={
    'publish': {'order_by': ['show_id', 'season', 'completed_date'], 'indexes': [['user_id']]},
}) }}
with

user_seasons as (

    select * from {{ ref('int_user_seasons') }} where completed_date is not null

),

counted as (

    select
        *,
        completed_date - first_watched_date + 1 as days_to_complete_season
    from user_seasons

),

final as (

    select
        user_id,
        show_id,
        season,
        days_to_complete_season,
        microseconds_to_complete,
        microseconds_to_complete / 3600e6 / days_to_complete_season as hours_per_day,
        days_to_complete_season <= {{ var('season_binge_days') }} as is_season_binge,
        first_watched_date,
        completed_date
    from counted

)

select * from final
