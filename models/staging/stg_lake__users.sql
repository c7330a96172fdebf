-- depends_on: {{ ref('int_batches') }}
{%- set columns = raw_columns([
    'user_id', 'country', 'plan', 'signed_up_on', 'extras',
]) %}
with

landed as (

    select * from {{ landed_rows('raw_paths', "stream = 'users' and not is_superseded", columns) }}

),

final as (

    select
        batch_id,
        {{ blank_to_null('user_id') }} as user_id,
        {{ blank_to_null('country') }} as country,
        {{ blank_to_null('plan') }} as plan,
        {{ blank_to_null('signed_up_on') }} as signed_up_on,
        extras,
        source,
        source_kind,
        source_uri,
        source_position,
        timezone('UTC', landed_at) as landed_at
    from landed

)

select * from final
