{{ config(materialized='view') }}
with

accounts as (

    select * from {{ ref('int_users_checked') }} where is_valid

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_id
            order by landed_at desc, record_hash desc, batch_id asc, source_position asc
        ) as place
    from accounts

),

final as (

    select
        batch_id,
        user_id,
        country,
        plan,
        source_position,
        place = 1 as is_kept,
        signed_up_on
    from ranked

)

select * from final
