{#-
  Adds show_id, show_id_source, resolved_runtime_minutes and runtime_source to the rows of a
  relation that has received_show_id, show_name, season, episode and runtime_minutes.
  Nothing is inferred: what neither the event nor the catalogue says is null.
-#}
{% macro with_shows_resolved(relation) -%}
    select
        identified.*,
        coalesce(identified.runtime_minutes, runtime.runtime_minutes) as resolved_runtime_minutes,
        case
            when identified.runtime_minutes is not null then 'event'
            when runtime.runtime_minutes is not null then 'catalog'
        end as runtime_source
    from (
        select
            described.*,
            coalesce(
                described.received_show_id,
                name.show_id,
                'name-' || md5({{ name_key('described.show_name') }})
            ) as show_id,
            case
                when described.received_show_id is not null then 'event'
                when name.show_id is not null then 'catalog'
                else 'name'
            end as show_id_source
        from {{ relation }} as described
        left join {{ ref('int_catalog_names') }} as name
            on {{ name_key('described.show_name') }} = name.name_key
    ) as identified
    left join {{ ref('int_catalog_runtimes') }} as runtime
        on
            identified.show_id = runtime.show_id
            and identified.season is not distinct from runtime.season
            and identified.episode is not distinct from runtime.episode
{%- endmacro %}
