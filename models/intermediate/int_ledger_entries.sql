{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={'replaces': 'of_files_read_again'},
) }}
-- depends_on: {{ source('history', 'published_batches') }}
with

final as (

    select * from {{ ref('stg_lake__ledger_entries') }}

)

select * from final
