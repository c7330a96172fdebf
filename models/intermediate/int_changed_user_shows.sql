{{ config(
    materialized='incremental',
    incremental_strategy='append',
    tags=['until_published'],
) }}
{%- set days = built('int_user_show_days') %}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_user_days') }}
with

plays as (

    select * from {{ ref('fct_plays') }}

),

final as (

    select
        play.user_id,
        play.show_id
    from (
        select
            user_id,
            show_id,
            started_date as activity_date
        from plays
    ) as play
    where {{ on_changed_user_days('play') if days else 'false' }}
    {%- if days %}

    union

    select
        day.user_id,
        day.show_id
    from {{ days }} as day
    where {{ on_changed_user_days('day') }}
    {%- endif %}

)

select * from final
