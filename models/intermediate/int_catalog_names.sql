with

entries as (

    select * from {{ ref('int_catalog_entries_deduplicated') }} where is_kept

),

names as (

    select
        show_id,
        show_name
    from entries
    union
    select
        show_id,
        {{ single_spaced('unnested.other_name') }} as show_name
    from (
        select
            show_id,
            unnest({{ listed('aliases', '[|]') }}) as other_name
        from entries
    ) as unnested

),

keyed as (

    select
        {{ name_key('show_name') }} as name_key,
        show_id
    from names
    where show_name is not null

),

final as (

    select
        name_key,
        case when count(distinct show_id) = 1 then min(show_id) end as show_id,
        count(distinct show_id) as show_count,
        count(distinct show_id) > 1 as is_ambiguous
    from keyed
    group by name_key

)

select * from final
