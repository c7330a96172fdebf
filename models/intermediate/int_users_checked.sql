{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_changed_stream', 'stream': 'users'},
) }}
-- depends_on: {{ ref('int_batches') }}
with

accounts as (

    select *
    from {{ ref('stg_lake__users') }}
    {%- if is_incremental() and not stream_moves('users') %}
    where false
    {%- endif %}

),

batches as (

    select * from {{ ref('int_batches') }}

),

parsed as (

    select
        accounts.*,
        cast(
            {{ parse_timestamp('accounts.signed_up_on', 'batches.time_zone', 'null', []) }} as date
        ) as sign_up_date
    from accounts
    inner join batches on accounts.batch_id = batches.batch_id

),

judged as (

    select
        *,
        concat_ws(
            ',',
            case when user_id is null then 'missing_user_id' end,
            case
                when signed_up_on is not null and sign_up_date is null
                    then 'unparseable_signed_up_on'
            end
        ) as reasons
    from parsed

),

final as (

    select
        batch_id,
        user_id,
        country,
        plan,
        extras,
        source,
        source_kind,
        source_uri,
        case when reasons != '' then string_split(reasons, ',') end as reason_codes,
        case
            when reasons != ''
                then {{ received_record(['user_id', 'country', 'plan', 'signed_up_on']) }}
        end as record,
        {{ identifier_of(
            ['user_id', 'country', 'plan', 'sign_up_date', 'extras']
        ) }} as record_hash,
        source_position,
        reasons = '' as is_valid,
        sign_up_date as signed_up_on,
        landed_at
    from judged

)

select * from final
