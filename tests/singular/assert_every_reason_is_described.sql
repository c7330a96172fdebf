-- A row is a reason code that the seed quarantine_reasons does not describe.
with

quarantined as (

    select
        batch_id,
        unnest(reason_codes) as code
    from {{ ref('fct_quarantined_events') }}

),

reasons as (

    select * from {{ ref('quarantine_reasons') }}

)

select
    quarantined.code,
    count(*) as record_count
from quarantined
left join reasons on quarantined.code = reasons.code
where reasons.code is null
group by quarantined.code
