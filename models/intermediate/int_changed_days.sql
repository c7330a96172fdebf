-- depends_on: {{ ref('int_changed_spans') }}
-- depends_on: {{ ref('int_watch_events_validated') }}
{{ config(tags=['until_published']) }}
with

{% if built('fct_plays') -%}
spans as (

    select * from {{ ref('int_changed_spans') }}

),

final as (

    select distinct
        cast(unnest(generate_series(
            {{ reporting_date('span_started_at') }},
            {{ reporting_date('span_ended_at') }},
            interval '1 day'
        )) as date) as activity_date
    from spans

)
{%- else -%}
events as (

    select * from {{ ref('int_watch_events_validated') }}

),

final as (

    select distinct started_date as activity_date from events

)
{%- endif %}

select * from final
