{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'on_changed_days'},
) }}
-- depends_on: {{ ref('int_changed_days') }}
with

plays as (

    select *
    from (
        select
            *,
            started_date as activity_date
        from {{ ref('fct_plays') }}
    ) as play
    {%- if is_incremental() %}
    where {{ on_changed_days('play') }}
    {%- endif %}

),

final as (

    select
        show_id,
        show_name,
        content_type,
        count(*) as play_count,
        activity_date
    from plays
    group by show_id, show_name, content_type, activity_date

)

select * from final
