-- depends_on: {{ ref('int_batches') }}
{%- set columns = raw_columns([
    'show_id', 'show_name', 'aliases', 'content_type', 'genres', 'country', 'language',
    'released_on', 'season', 'episode', 'runtime_minutes', 'updated_at', 'extras',
]) %}
with

landed as (

    select *
    from {{ landed_rows('raw_paths', "stream = 'catalog' and not is_superseded", columns) }}

),

final as (

    select
        batch_id,
        {{ blank_to_null('show_id') }} as show_id,
        {{ blank_to_null('show_name') }} as show_name,
        {{ blank_to_null('aliases') }} as aliases,
        {{ blank_to_null('content_type') }} as content_type,
        {{ blank_to_null('genres') }} as genres,
        {{ blank_to_null('country') }} as country,
        {{ blank_to_null('language') }} as language,
        {{ blank_to_null('released_on') }} as released_on,
        {{ blank_to_null('season') }} as season,
        {{ blank_to_null('episode') }} as episode,
        {{ blank_to_null('runtime_minutes') }} as runtime_minutes,
        {{ blank_to_null('updated_at') }} as updated_at,
        extras,
        source,
        source_kind,
        source_uri,
        source_position,
        timezone('UTC', landed_at) as landed_at
    from landed

)

select * from final
