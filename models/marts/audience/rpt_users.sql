{{ config(meta={'publish': {'order_by': ['user_id'], 'indexes': [['user_id']]}}) }}
with

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

known_users as (

    select * from {{ ref('dim_users') }}

),

favourites as (

    select * from {{ ref('int_user_favourites') }}

),

user_shows as (

    select * from {{ ref('int_user_shows') }}

),

show_days as (

    select * from {{ ref('int_user_show_days') }}

),

shows as (

    select * from {{ ref('dim_shows') }}

),

bounds as (

    select max(last_activity_date) as last_activity_date from users

),

scores as (

    select scores.*
    from {{ ref('int_user_scores') }} as scores
    inner join bounds on scores.scored_date = bounds.last_activity_date

),

discovered as (

    select
        user_shows.user_id,
        count(*) as show_count,
        count(*) filter (
            where user_shows.first_activity_date > bounds.last_activity_date - {{ score_days() }}
        ) as first_time_show_count
    from user_shows
    inner join bounds
        on user_shows.last_activity_date > bounds.last_activity_date - {{ score_days() }}
    group by user_shows.user_id

),

recent_shows as (

    select
        show_days.user_id,
        show_days.show_id,
        sum(show_days.watched_microseconds) as watched_microseconds
    from show_days
    inner join bounds
        on show_days.activity_date > bounds.last_activity_date - {{ score_days() }}
    group by show_days.user_id, show_days.show_id

),

classified as (

    select
        recent_shows.user_id,
        recent_shows.watched_microseconds,
        unnest(list_distinct(shows.genres)) as genre
    from recent_shows
    inner join shows on recent_shows.show_id = shows.show_id

),

genres as (

    select
        user_id,
        genre,
        cast(sum(watched_microseconds) as bigint) as watched_microseconds
    from classified
    group by user_id, genre

),

shared as (

    select
        user_id,
        watched_microseconds,
        cast(
            sum(watched_microseconds) over (partition by user_id) as bigint
        ) as all_microseconds
    from genres

),

-- In one order: a sum of doubles depends on it. A term of the only genre is exactly 0.
diversity as (

    select
        user_id,
        count(*) as genre_count,
        list_sum(list_sort(list(
            watched_microseconds / all_microseconds
            * log2(all_microseconds / watched_microseconds)
        ))) as genre_entropy
    from shared
    group by user_id

),

cohorts as (

    select
        median(median_gap_days) filter (where gap_count >= {{ var('own_gaps') }}) as gap_days,
        date_trunc('month', first_activity_date) as cohort_started_date
    from users
    group by date_trunc('month', first_activity_date)

),

overdue as (

    select
        users.user_id,
        bounds.last_activity_date - users.last_activity_date as days_since_last_play,
        case
            when users.gap_count >= {{ var('own_gaps') }} then users.median_gap_days
            else cohorts.gap_days
        end as usual_gap_days
    from users
    cross join bounds
    inner join cohorts
        on date_trunc('month', users.first_activity_date) = cohorts.cohort_started_date

),

final as (

    select
        users.user_id,
        known_users.country,
        known_users.plan,
        scores.engagement_segment,
        favourites.favourite_show_ids[1] as favourite_show_id,
        favourites.favourite_show_ids,
        users.play_count,
        users.active_day_count,
        users.session_count,
        users.watched_microseconds,
        users.watched_microseconds / 3600e6 as hours_viewed,
        coalesce(scores.play_count, 0) as play_count_28d,
        coalesce(scores.session_count, 0) as session_count_28d,
        coalesce(scores.watched_microseconds, 0) as watched_microseconds_28d,
        coalesce(scores.watched_microseconds, 0) / 3600e6 as hours_viewed_28d,
        coalesce(scores.active_day_count, 0) as l28,
        scores.complete_play_count
        / nullif(scores.known_runtime_play_count, 0) as completion_rate_by_plays_28d,
        scores.engagement_score,
        scores.hours_percentile,
        scores.active_days_percentile,
        scores.completion_percentile,
        scores.breadth_percentile,
        scores.recency_percentile,
        scores.recency_quintile,
        scores.frequency_quintile,
        scores.hours_quintile,
        100 * scores.recency_quintile
        + 10 * scores.frequency_quintile
        + scores.hours_quintile as rfh_score,
        overdue.days_since_last_play,
        overdue.usual_gap_days,
        overdue.days_since_last_play / overdue.usual_gap_days as overdue_ratio,
        coalesce(discovered.show_count, 0) as show_count_28d,
        diversity.genre_count as genre_count_28d,
        discovered.first_time_show_count / discovered.show_count as first_time_share,
        diversity.genre_entropy,
        overdue.days_since_last_play / overdue.usual_gap_days
        >= {{ var('at_risk_overdue_ratio') }} as is_at_risk,
        overdue.days_since_last_play >= {{ var('dormant_days') }} as is_dormant,
        known_users.signed_up_on,
        users.first_activity_date,
        users.last_activity_date,
        known_users.first_watched_at,
        known_users.last_watched_at
    from users
    inner join known_users on users.user_id = known_users.user_id
    inner join favourites on users.user_id = favourites.user_id
    inner join overdue on users.user_id = overdue.user_id
    left join scores on users.user_id = scores.user_id
    left join discovered on users.user_id = discovered.user_id
    left join diversity on users.user_id = diversity.user_id

)

select * from final
