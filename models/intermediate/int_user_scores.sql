{%- set weights = engagement_weights() -%}
{%- set parts = weights.keys() | list -%}
with

users as (

    select * from {{ ref('int_user_lifetimes') }}

),

user_days as (

    select * from {{ ref('fct_user_days') }}

),

show_days as (

    select * from {{ ref('int_user_show_days') }}

),

bounds as (

    select max(last_activity_date) as last_activity_date from users

),

-- Two windows: the one that ends with the data, and the one before, whose users have since had
-- as many days to come back.
active as (

    select
        user_days.user_id,
        cast(sum(user_days.play_count) as bigint) as play_count,
        count(*) as active_day_count,
        cast(sum(user_days.session_count) as bigint) as session_count,
        cast(sum(user_days.complete_play_count) as bigint) as complete_play_count,
        cast(sum(user_days.known_runtime_play_count) as bigint) as known_runtime_play_count,
        cast(sum(user_days.watched_microseconds) as bigint) as watched_microseconds,
        max(user_days.last_started_at) as last_started_at,
        bounds.last_activity_date - user_days.activity_date >= {{ score_days() }} as is_previous
    from user_days
    inner join bounds
        on user_days.activity_date > bounds.last_activity_date - {{ 2 * score_days() }}
    group by
        user_days.user_id,
        bounds.last_activity_date - user_days.activity_date >= {{ score_days() }}

),

breadths as (

    select
        show_days.user_id,
        count(distinct show_days.show_id) as show_count,
        bounds.last_activity_date - show_days.activity_date >= {{ score_days() }} as is_previous
    from show_days
    inner join bounds
        on show_days.activity_date > bounds.last_activity_date - {{ 2 * score_days() }}
    group by
        show_days.user_id,
        bounds.last_activity_date - show_days.activity_date >= {{ score_days() }}

),

-- Integers all: a quantile that is a value of the data needs no average of two.
limits as (

    select
        is_previous,
        quantile_disc(
            watched_microseconds, {{ var('engagement_hours_quantile') }}
        ) as largest_microseconds
    from active
    group by is_previous

),

measured as (

    select
        active.*,
        breadths.show_count,
        active.known_runtime_play_count > 0 as has_completion,
        least(active.watched_microseconds, limits.largest_microseconds) as hours,
        active.active_day_count as active_days,
        active.complete_play_count / nullif(active.known_runtime_play_count, 0) as completion,
        breadths.show_count as breadth,
        active.last_started_at as recency
    from active
    inner join limits on active.is_previous = limits.is_previous
    inner join breadths
        on active.user_id = breadths.user_id and active.is_previous = breadths.is_previous

),

-- Equal values share the rank of the first of them; a user alone has rank 0.
ranked as (

    select
        *,
        {%- for part in parts %}
        {%- if part == 'completion' %}
        case
            when has_completion
                then percent_rank() over (
                    partition by is_previous, has_completion order by {{ part }}
                )
        end as {{ part }}_percentile,
        {%- else %}
        percent_rank() over (partition by is_previous order by {{ part }}) as {{ part }}_percentile,
        {%- endif %}
        {%- endfor %}
        ntile(5) over (
            partition by is_previous order by last_started_at, user_id
        ) as recency_quintile,
        ntile(5) over (
            partition by is_previous order by active_day_count, user_id
        ) as frequency_quintile,
        ntile(5) over (
            partition by is_previous order by watched_microseconds, user_id
        ) as hours_quintile
    from measured

),

-- What is not known is left out of the sum and of the weights. Rounded to a billionth, so that a
-- score of exactly 80 is not a hair below it.
scored as (

    select
        *,
        round(
            100 * (
                {%- for part in parts %}
                {{ '+ ' if not loop.first }}coalesce(
                    cast({{ weights[part] }} as double) * {{ part }}_percentile, 0
                )
                {%- endfor %}
            ) / nullif(
                {%- for part in parts %}
                {{ '+ ' if not loop.first }}case
                    when {{ part }}_percentile is null then 0
                    else cast({{ weights[part] }} as double)
                end
                {%- endfor %},
                0
            ),
            9
        ) as engagement_score
    from ranked

),

present as (

    select user_id from active
    where not is_previous

),

final as (

    select
        scored.user_id,
        case
            when scored.engagement_score >= {{ var('engagement_high_score') }} then 'high'
            when scored.engagement_score >= {{ var('engagement_medium_score') }} then 'medium'
            when scored.engagement_score is not null then 'low'
        end as engagement_segment,
        scored.play_count,
        scored.active_day_count,
        scored.session_count,
        scored.show_count,
        scored.complete_play_count,
        scored.known_runtime_play_count,
        scored.watched_microseconds,
        {%- for part in parts %}
        scored.{{ part }}_percentile,
        {%- endfor %}
        scored.engagement_score,
        ntile(5) over (
            partition by scored.is_previous order by scored.engagement_score, scored.user_id
        ) as score_quintile,
        scored.recency_quintile,
        scored.frequency_quintile,
        scored.hours_quintile,
        case when scored.is_previous then present.user_id is not null end as is_retained,
        bounds.last_activity_date
        - case when scored.is_previous then {{ score_days() }} else 0 end as scored_date
    from scored
    cross join bounds
    left join present on scored.user_id = present.user_id

)

select * from final
