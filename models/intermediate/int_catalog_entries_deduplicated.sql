{{ config(materialized='view') }}
with

entries as (

    select * from {{ ref('int_catalog_entries_checked') }} where is_valid

),

ranked as (

    select
        *,
        row_number() over (
            partition by show_id, season, episode
            order by
                updated_at desc nulls last, record_hash desc, batch_id asc, source_position asc
        ) as place
    from entries

),

final as (

    select
        batch_id,
        show_id,
        show_name,
        aliases,
        content_type,
        genres,
        country,
        language,
        record_hash,
        source_position,
        season,
        episode,
        runtime_minutes,
        place = 1 as is_kept,
        released_on,
        updated_at
    from ranked

)

select * from final
