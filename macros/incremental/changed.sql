{#-
  Conditions that pick the rows of a relation which this build makes anew: used once to read
  what feeds a model and once to delete what the model held, so that the two cannot differ.
  `row` is the alias of the relation whose rows are picked.
-#}

{#-
  Plays or sessions that start in a changed span of their viewer's time. The first two conditions
  follow from the third; they let the engine skip whole days and viewers before it compares times.
-#}
{% macro in_changed_spans(row='target') -%}
    {{ on_changed_days(row, 'started_date') }}
    and {{ row }}.user_id in (select user_id from {{ ref('int_changed_spans') }})
    and exists (
        select 1
        from {{ ref('int_changed_spans') }} as span
        where
            span.user_id = {{ row }}.user_id
            and {{ row }}.started_at between span.span_started_at and span.span_ended_at
    )
{%- endmacro %}

{#- Rows per reporting day, which `column` holds; without a `row` the relation needs no alias. -#}
{% macro on_changed_days(row='target', column='activity_date') -%}
    {{ row ~ '.' if row }}{{ column }} in (
        select changed.activity_date from {{ ref('int_changed_days') }} as changed
    )
{%- endmacro %}

{#-
  Plays that may still run on a changed day: none lasts longer than 24 hours, the most that
  `longest_watch_minutes` may be, and those are two midnights when the clocks go forward.
-#}
{% macro near_changed_days(row) -%}
    {{ row }}.started_date in (
        select
            cast(unnest(generate_series(
                activity_date - 2,
                activity_date,
                interval '1 day'
            )) as date)
        from {{ ref('int_changed_days') }}
    )
{%- endmacro %}

{#- Rows per reporting day that look back over a window which a changed day is in. -#}
{% macro in_changed_windows(row='target') -%}
    {{ row }}.activity_date in (
        select
            cast(unnest(generate_series(
                activity_date,
                activity_date + {{ longest_window_days() - 1 }},
                interval '1 day'
            )) as date)
        from {{ ref('int_changed_days') }}
    )
{%- endmacro %}

{#- Rows per reporting day that such rows look back on. -#}
{% macro near_changed_windows(row='target') -%}
    {{ row }}.activity_date in (
        select
            cast(unnest(generate_series(
                activity_date - {{ longest_window_days() - 1 }},
                activity_date + {{ longest_window_days() - 1 }},
                interval '1 day'
            )) as date)
        from {{ ref('int_changed_days') }}
    )
{%- endmacro %}

{#- Rows per month that a changed day is in. -#}
{% macro in_changed_months(row='target') -%}
    {{ row }}.month_started_date in (
        select cast(date_trunc('month', activity_date) as date)
        from {{ ref('int_changed_days') }}
    )
{%- endmacro %}

{#- Rows per reporting day of such months. -#}
{% macro near_changed_months(row='target') -%}
    {{ row }}.activity_date in (
        select
            cast(unnest(generate_series(
                cast(date_trunc('month', activity_date) as date),
                last_day(activity_date),
                interval '1 day'
            )) as date)
        from {{ ref('int_changed_days') }}
    )
{%- endmacro %}

{% macro longest_window_days() -%}
    {#- Not above it, or check_configuration had stopped the run. -#}
    {{ return(var('monthly_window_days')) }}
{%- endmacro %}

{#- Rows per viewer and reporting day. -#}
{% macro on_changed_user_days(row='target') -%}
    {{ on_changed_days(row) }}
    and ({{ row }}.user_id, {{ row }}.activity_date) in (
        select user_id, activity_date from {{ ref('int_changed_user_days') }}
    )
{%- endmacro %}

{#- Rows per viewer. -#}
{% macro of_changed_users(row='target') -%}
    {{ row }}.user_id in (select user_id from {{ ref('int_changed_users') }})
{%- endmacro %}

{#-
  Rows per viewer and show, whatever the day: also those of which no day is left, and those of shows
  of which something else is known than before.
-#}
{% macro of_changed_user_shows(row='target') -%}
    ({{ row }}.user_id, {{ row }}.show_id) in (
        select user_id, show_id from {{ ref('int_changed_user_shows') }}
        union all
        select user_id, show_id from {{ ref('int_changed_user_show_days') }}
    )
{%- endmacro %}

{#- Rows per viewer, of whom any show is such a one. -#}
{% macro of_users_of_changed_shows(row='target') -%}
    {{ row }}.user_id in (select user_id from {{ ref('int_changed_user_shows') }})
{%- endmacro %}

{#-
  Seasons of which a model was made from something else than is known now: each of its rows
  remembers `key`, the identity of that, so whatever is left of another state, after a build that
  died too, is found by it. `known` has the present ones. None when everything is made anew.
-#}
{% macro seasons_known_otherwise(model_name, key, known) -%}
    {%- set rows = built(model_name) -%}
    {%- if rows -%}
    select
        standing.show_id,
        standing.season
    from {{ rows }} as standing
    left join {{ known }} as known
        on
            standing.show_id = known.show_id
            and standing.season is not distinct from known.season
    where standing.{{ key }} is distinct from known.{{ key }}
    group by standing.show_id, standing.season
    {%- else -%}
    select
        show_id,
        season
    from {{ known }}
    where false
    {%- endif -%}
{%- endmacro %}

{#- Rows whose batch came or went: see the column is_moved of int_batches. -#}
{% macro of_moved_batches(row='target') -%}
    {{ row }}.batch_id in (select batch_id from {{ ref('int_batches') }} where is_moved)
{%- endmacro %}

{#-
  Rows whose batch this very build reads or withdraws: only for what is made of the checked events
  themselves, which hold no other batches. All else wants of_moved_batches.
-#}
{% macro of_read_batches(row='target') -%}
    {{ row }}.batch_id in (
        select batch_id from {{ ref('int_batches') }} where is_taken or is_withdrawn
    )
{%- endmacro %}

{#-
  Rows of batches that this build takes. What a model holds of others is left from the build
  before: it was not run since the ledger was read, and they are long counted.
-#}
{% macro of_taken_batches() -%}
    batch_id in (select batch_id from {{ ref('int_batches') }} where is_taken)
{%- endmacro %}

{#- Batches whose counts this build may change. -#}
{% macro of_changed_batches(row='target') -%}
    {{ row }}.batch_id in (select batch_id from {{ ref('int_changed_batches') }})
{%- endmacro %}

{#-
  Events that share an identity with a row of a batch that is taken or withdrawn. The first
  condition follows from the second; it lets the engine read few days, or none at all.
-#}
{% macro of_contested_plays(row='target') -%}
    {{ row }}.started_date in (select unnest(known_dates) from {{ ref('int_contested_plays') }})
    and {{ row }}.play_id in (select play_id from {{ ref('int_contested_plays') }})
{%- endmacro %}

{#- Every row, but only when a batch of the stream came or went: small whole streams. -#}
{% macro of_changed_stream(stream) -%}
    exists (
        select 1
        from {{ ref('int_batches') }} as batch
        where batch.stream = '{{ stream }}' and batch.is_moved
    )
{%- endmacro %}

{#- Rows per reporting day on which an event is kept that was not before, or was and is no more. -#}
{% macro on_changed_landing_days(row='target') -%}
    {{ row }}.started_date in (select started_date from {{ ref('int_changed_landing_days') }})
{%- endmacro %}

{#- Rows per ingest date and stream. -#}
{% macro on_changed_ingest_dates(row='target') -%}
    ({{ row }}.ingest_date, {{ row }}.stream) in (
        select batch.ingest_date, batch.stream
        from {{ ref('int_batches') }} as batch
        inner join {{ ref('int_changed_batches') }} as changed
            on batch.batch_id = changed.batch_id
    )
{%- endmacro %}

{#- Rows per ingest date, whatever the stream. -#}
{% macro of_changed_ingest_dates(row='target') -%}
    {{ row }}.ingest_date in (
        select batch.ingest_date
        from {{ ref('int_batches') }} as batch
        inner join {{ ref('int_changed_batches') }} as changed
            on batch.batch_id = changed.batch_id
    )
{%- endmacro %}

{#- All rows: for small models that are made of what they held. -#}
{% macro every_row() -%}
    true
{%- endmacro %}

{#- Entries of files that are gone or are read again. -#}
{% macro of_files_read_again(row='target') -%}
    {{ row }}.ledger_path not in (select file from glob({{ ledger_pattern() }}))
    or {{ row }}.ledger_path not in ({{ settled_ledger_files(this) }})
{%- endmacro %}
