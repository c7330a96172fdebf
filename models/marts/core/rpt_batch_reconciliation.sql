{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'of_changed_batches',
        'publish': {'order_by': ['landed_at', 'batch_id']},
    },
) }}
-- depends_on: {{ ref('int_changed_batches') }}
with

batches as (

    select *
    from {{ ref('int_batches') }} as target
    {%- if is_incremental() %}
    where {{ of_changed_batches() }}
    {%- endif %}

),

{% for name in ['watch_events', 'catalog_entries', 'users'] -%}
{{ name }} as (

    select
        batch_id,
        count(*) filter (where is_kept) as valid_count,
        count(*) filter (where not is_kept) as duplicate_count
    from {{ ref('int_' ~ name ~ '_deduplicated') }} as target
    {%- if is_incremental() %}
    where {{ of_changed_batches() }}
    {%- endif %}
    group by batch_id

),

{% endfor -%}
deduplicated as (

    select * from watch_events
    union all
    select * from catalog_entries
    union all
    select * from users

),

quarantined as (

    select
        batch_id,
        count(*) filter (where not is_rejected) as quarantined_count,
        count(*) filter (where is_rejected) as rejected_count
    from {{ ref('fct_quarantined_events') }} as target
    {%- if is_incremental() %}
    where {{ of_changed_batches() }}
    {%- endif %}
    group by batch_id

),

counted as (

    select
        batches.*,
        case when batches.is_superseded then 'superseded' else 'current' end as status,
        coalesce(deduplicated.valid_count, 0) as valid_count,
        coalesce(quarantined.quarantined_count, 0) as quarantined_count,
        coalesce(deduplicated.duplicate_count, 0) as duplicate_count,
        case
            when batches.is_superseded then 0
            else batches.rejected_count - coalesce(quarantined.rejected_count, 0)
        end as missing_reject_count
    from batches
    left join deduplicated on batches.batch_id = deduplicated.batch_id
    left join quarantined on batches.batch_id = quarantined.batch_id

),

final as (

    select
        batch_id,
        superseded_by,
        replay_of,
        stream,
        source,
        source_kind,
        source_uri,
        status,
        read_count,
        rejected_count,
        landed_count,
        valid_count,
        quarantined_count,
        duplicate_count,
        case when is_superseded then landed_count else 0 end as superseded_count,
        landed_count
        - valid_count
        - quarantined_count
        - duplicate_count
        - case when is_superseded then landed_count else 0 end as conservation_gap,
        read_count - rejected_count - landed_count as reading_gap,
        missing_reject_count,
        ingest_date,
        landed_at
    from counted

)

select * from final
