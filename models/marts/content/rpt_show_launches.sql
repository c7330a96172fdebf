{%- set lengths = [7, 28, 91] -%}
{{ config(meta={'publish': {'order_by': ['released_on', 'show_id'], 'indexes': [['show_id']]}}) }}
-- Made anew by every build: a catalogue may move a release to other days.
with

episode_days as not materialized (

    select * from {{ ref('int_episode_days') }}

),

seasons as (

    select * from {{ ref('int_show_seasons') }}

),

-- The runtime of a show as a whole, whatever the window; every show with a play is in this one.
show_windows as (

    select * from {{ ref('rpt_show_windows') }} where window_name = 'all'

),

bounds as (

    select
        min(activity_date) as first_activity_date,
        max(activity_date) as last_activity_date
    from episode_days

),

-- What the catalogue says of the show itself, else the first of its seasons.
released as (

    select
        show_id,
        coalesce(min(released_on) filter (where season is null), min(released_on)) as released_on
    from seasons
    group by show_id

),

summed as (

    select
        {%- for length in lengths %}
        sum(days.watched_microseconds) filter (
            where
            days.activity_date >= released.released_on
            and days.activity_date < released.released_on + {{ length }}
        ) as microseconds_{{ length }}d,
        {%- endfor %}
        released.show_id,
        released.released_on
    from released
    inner join episode_days as days on released.show_id = days.show_id
    where released.released_on is not null
    group by released.show_id, released.released_on

),

-- Hours are told when all their days are over, and none of them is before the first play.
told as (

    select
        {%- for length in lengths %}
        case
            when
                summed.released_on >= bounds.first_activity_date
                and summed.released_on + {{ length }} <= bounds.last_activity_date
                then coalesce(summed.microseconds_{{ length }}d, 0)
        end as microseconds_{{ length }}d,
        {%- endfor %}
        summed.show_id,
        summed.released_on
    from summed
    cross join bounds

),

final as (

    select
        told.show_id,
        show_windows.runtime_minutes,
        {%- for length in lengths %}
        told.microseconds_{{ length }}d / 3600e6 as hours_{{ length }}d,
        {%- endfor %}
        told.microseconds_91d / 60e6 / show_windows.runtime_minutes as views_91d,
        told.released_on
    from told
    inner join show_windows on told.show_id = show_windows.show_id

)

select * from final
