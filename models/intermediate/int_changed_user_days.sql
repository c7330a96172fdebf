with

spans as (

    select * from {{ ref('int_changed_spans') }}

),

final as (

    select distinct
        user_id,
        cast(unnest(generate_series(
            {{ reporting_date('span_started_at') }},
            {{ reporting_date('span_ended_at') }},
            interval '1 day'
        )) as date) as activity_date
    from spans

)

select * from final
