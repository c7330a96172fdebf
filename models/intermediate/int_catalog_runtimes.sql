with

entries as (

    select * from {{ ref('int_catalog_entries_deduplicated') }} where is_kept

),

final as (

    select
        show_id,
        season,
        episode,
        runtime_minutes
    from entries
    where runtime_minutes is not null

)

select * from final
