with

entries as (

    select * from {{ ref('int_catalog_entries_deduplicated') }} where is_kept

),

-- The row of the film or series itself speaks for the show; else its most recent episode does.
ranked as (

    select
        *,
        row_number() over (
            partition by show_id
            order by
                season is not null or episode is not null,
                updated_at desc nulls last,
                record_hash desc
        ) as place
    from entries

),

final as (

    select
        show_id,
        show_name,
        content_type,
        list_filter(
            list_transform(
                {{ listed('genres', '[|;,]') }}, lambda genre: trim(genre)
            ),
            lambda genre: genre != ''
        ) as genres,
        country,
        language,
        case when season is null and episode is null then runtime_minutes end as runtime_minutes,
        released_on,
        updated_at
    from ranked
    where place = 1

)

select * from final
