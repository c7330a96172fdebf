{#-
  The files of the ledger, one for each batch, or for many that were folded. A file never changes. Reading it
  costs a fifth of a millisecond, and a topic fills hundreds in a minute, so a build reads only
  those that are new, and those of batches that no release holds, whatever became of the build that
  read them.
-#}

{#- All files of the ledger, as a pattern in quotes. -#}
{% macro ledger_pattern() -%}
    {#- `[`, `*` and `?` of the home's own name stand for themselves in brackets. -#}
    {{ return("'" ~ modules.re.sub('([*?[])', '[\\1]', home()) ~ "/raw/ledger/**/*.json'") }}
{%- endmacro %}

{#- Files among the kept entries of which a release has every batch: they are not read again. -#}
{% macro settled_ledger_files(kept) -%}
    select kept.ledger_path
    from {{ kept }} as kept
    group by kept.ledger_path
    having bool_and(kept.batch_id in (
        select published.batch_id from {{ source('history', 'published_batches') }} as published
    ))
{%- endmacro %}

{#- The files that this build reads, in quotes. -#}
{% macro ledger_files_to_read() -%}
    {%- set files = [] -%}
    {%- set kept = built('int_ledger_entries') -%}
    {%- set query -%}
        select file as ledger_path
        from glob({{ ledger_pattern() }})
        {%- if kept %}
        where file not in ({{ settled_ledger_files(kept) }})
        {%- endif %}
        order by ledger_path
    {%- endset -%}
    {%- if execute -%}
        {%- for row in asked(query).rows -%}
            {%- do files.append("'" ~ row['ledger_path'] | replace("'", "''") ~ "'") -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(files) }}
{%- endmacro %}
