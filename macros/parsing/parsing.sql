{#- Text as received, without surrounding blanks; a blank says the same as nothing. -#}
{% macro blank_to_null(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}

{#-
  The parts of a text, null if it is: those of a JSON list, else what stands between separators,
  which are a regular expression.
-#}
{% macro listed(column, separators) -%}
    {{ return(adapter.dispatch('listed')(column, separators)) }}
{%- endmacro %}

{% macro duckdb__listed(column, separators) -%}
    case
        when {{ column }} like '[%' and json_valid({{ column }})
            then from_json({{ column }}, '["varchar"]')
        else string_split_regex({{ column }}, '{{ separators }}')
    end
{%- endmacro %}

{#- A name with every run of white space (no-break and ideographic spaces too) as one space. -#}
{% macro single_spaced(column) -%}
    {{ return(adapter.dispatch('single_spaced')(column)) }}
{%- endmacro %}

{% macro duckdb__single_spaced(column) -%}
    nullif(trim(regexp_replace({{ column }}, '[\s\p{Z}]+', ' ', 'g')), '')
{%- endmacro %}

{#- What two spellings of one single-spaced name have in common: NFC, case folded. -#}
{% macro name_key(column) -%}
    {{ return(adapter.dispatch('name_key')(column)) }}
{%- endmacro %}

{% macro duckdb__name_key(column) -%}
    lower(nfc_normalize({{ column }}))
{%- endmacro %}

{#-
  A number as a double, or null. Stricter than a cast, which would also take 'nan', 'inf' and
  '1_000'. With a decimal comma a point is no number: 1.234 may mean two things.
-#}
{% macro parse_number(column, decimal_separator) -%}
    {%- set point -%}
        case
            when {{ decimal_separator }} = ',' then translate({{ column }}, ',.', '.!') else {{ column }}
        end
    {%- endset -%}
    case
        when regexp_full_match({{ point }}, '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?')
            -- 1e400 is no number that anybody measured: the engine would make infinity of it.
            then nullif(nullif(try_cast({{ point }} as double), 'infinity'), '-infinity')
    end
{%- endmacro %}

{#- A whole number of at most nine digits, or null; spreadsheets write 1 as 1.0. -#}
{% macro parse_whole_number(column, decimal_separator) -%}
    {%- set number -%}{{ parse_number(column, decimal_separator) }}{%- endset -%}
    case
        when abs({{ number }}) < 1e9 and {{ number }} = floor({{ number }})
            then cast({{ number }} as integer)
    end
{%- endmacro %}

{#-
  Microseconds of a number of units, or null. Clamped far outside every valid range, so that an
  absurd number is judged by the rules on its size instead of overflowing.
-#}
{% macro as_microseconds(number, microseconds_per_unit) -%}
    case
        -- An engine may take the least of a null and a bound to be the bound.
        when {{ number }} is not null
            then
                cast(round(
                    least(greatest({{ number }} * {{ microseconds_per_unit }}, -1e17), 1e17)
                ) as bigint)
    end
{%- endmacro %}

{#- Microseconds of HH:MM:SS[.fff], MM:SS[.fff] or an ISO 8601 duration PT…; or null. -#}
{% macro parse_clock(column) -%}
    case
        when regexp_full_match({{ column }}, '-?[0-9]{1,6}:[0-5]?[0-9]:[0-5]?[0-9]([.][0-9]+)?')
            then
                {{ signed(column) }} * (
                    try_cast(ltrim(split_part({{ column }}, ':', 1), '-') as bigint) * 3600000000
                    + try_cast(split_part({{ column }}, ':', 2) as bigint) * 60000000
                    + {{ as_microseconds("try_cast(split_part(" ~ column ~ ", ':', 3) as double)", 1000000) }}
                )
        when regexp_full_match({{ column }}, '-?[0-9]{1,6}:[0-5]?[0-9]([.][0-9]+)?')
            then
                {{ signed(column) }} * (
                    try_cast(ltrim(split_part({{ column }}, ':', 1), '-') as bigint) * 60000000
                    + {{ as_microseconds("try_cast(split_part(" ~ column ~ ", ':', 2) as double)", 1000000) }}
                )
        when
            regexp_full_match(
                {{ column }}, '-?PT([0-9.]+H)?([0-9.]+M)?([0-9.]+S)?'
            )
            and not regexp_full_match({{ column }}, '-?PT')
            then
                {{ signed(column) }} * (
                    {%- for letter, microseconds in [('H', 3600000000), ('M', 60000000), ('S', 1000000)] %}
                    {%- set part -%}
                        nullif(regexp_extract({{ column }}, '([0-9.]+){{ letter }}', 1), '')
                    {%- endset %}
                    {{ "+ " if not loop.first }}case
                        when {{ part }} is null then 0
                        else {{ as_microseconds("try_cast(" ~ part ~ " as double)", microseconds) }}
                    end
                    {%- endfor %}
                )
    end
{%- endmacro %}

{% macro signed(column) -%}
    case when {{ column }} like '-%' then -1 else 1 end
{%- endmacro %}

{#-
  A UTC timestamp from an ISO 8601 date with or without zone, epoch seconds or milliseconds, or
  one of the formats of the mappings in use; or null.

  Each format is tried only on the rows of batches whose mapping names it: an engine wants a
  format as a constant, and a format must not explain a row that it was not given for.
-#}
{% macro parse_timestamp(column, time_zone, format, formats) -%}
    {{ return(adapter.dispatch('parse_timestamp')(column, time_zone, format, formats)) }}
{%- endmacro %}

{% macro duckdb__parse_timestamp(column, time_zone, format, formats) -%}
    {%- set day = '[0-9]{4}-[0-9]{2}-[0-9]{2}' -%}
    {%- set minute = '[0-9]{2}:[0-9]{2}' -%}
    {#- No clock is further from UTC than 14 hours; the engine would count any number of them. -#}
    {%- set offset = '[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?' -%}
    {%- set zone = '(?:[Zz]|' ~ offset ~ ')' -%}
    {%- set parts = "'(" ~ day ~ ")[T ](" ~ minute ~ ")(?::([0-9]{2}(?:[.,][0-9]+)?))? ?(" ~ zone ~ ")?'" -%}
    {%- set tidied -%}
        concat(
            regexp_extract({{ column }}, {{ parts }}, 1), ' ',
            regexp_extract({{ column }}, {{ parts }}, 2), ':',
            coalesce(nullif(replace(regexp_extract({{ column }}, {{ parts }}, 3), ',', '.'), ''), '00'),
            upper(regexp_extract({{ column }}, {{ parts }}, 4))
        )
    {%- endset -%}
    case
    {%- for known in formats %}
        when {{ format }} = '{{ known | replace("'", "''") }}'
            and try_strptime({{ column }}, '{{ known | replace("'", "''") }}') is not null
            {%- if known.endswith('%z') %}
            and regexp_matches({{ column }}, '{{ offset }}$')
            {%- endif %}
            then
            {%- if '%z' in known or '%Z' in known %}
                timezone('UTC', try_strptime({{ column }}, '{{ known | replace("'", "''") }}'))
            {%- else %}
                {{ local_to_utc("try_strptime(" ~ column ~ ", '" ~ known | replace("'", "''") ~ "')", time_zone) }}
            {%- endif %}
    {%- endfor %}
        when regexp_full_match({{ column }}, '{{ day }}([T ]{{ minute }}:[0-9]{2}([.][0-9]+)?)?')
            then {{ local_to_utc('try_cast(' ~ column ~ ' as timestamp)', time_zone) }}
        when regexp_full_match({{ column }}, '{{ day }}[T ]{{ minute }}:[0-9]{2}([.][0-9]+)?(Z|{{ offset }})')
            then timezone('UTC', try_cast({{ column }} as timestamptz))
        when regexp_full_match({{ column }}, '-?[0-9]{1,11}([.][0-9]+)?')
            then make_timestamp({{ as_microseconds('try_cast(' ~ column ~ ' as decimal(24, 6))', 1000000) }})
        when regexp_full_match({{ column }}, '-?[0-9]{12,14}([.][0-9]+)?')
            then make_timestamp({{ as_microseconds('try_cast(' ~ column ~ ' as decimal(24, 6))', 1000) }})
        when regexp_full_match({{ column }}, '{{ day }}[T ]{{ minute }}(:[0-9]{2}([.,][0-9]+)?)? ?{{ zone }}')
            then timezone('UTC', try_cast({{ tidied }} as timestamptz))
        when regexp_full_match({{ column }}, '{{ day }}[T ]{{ minute }}(:[0-9]{2}([.,][0-9]+)?)?')
            then {{ local_to_utc('try_cast(' ~ tidied ~ ' as timestamp)', time_zone) }}
    end
{%- endmacro %}

{#- A local time of `time_zone` as UTC; both without a zone of their own. -#}
{% macro local_to_utc(timestamp, time_zone) -%}
    case
        when {{ time_zone }} = 'UTC' then {{ timestamp }}
        else timezone('UTC', timezone({{ time_zone }}, {{ timestamp }}))
    end
{%- endmacro %}

{#- A UTC timestamp as the clocks of `reporting_time_zone` showed it: the one place that applies it. -#}
{% macro reporting_time(timestamp) -%}
    {{ return(adapter.dispatch('reporting_time')(timestamp)) }}
{%- endmacro %}

{% macro duckdb__reporting_time(timestamp) -%}
    {%- set zone = var('reporting_time_zone') -%}
    {%- if zone == 'UTC' -%}
        {{ timestamp }}
    {%- else -%}
        timezone('{{ zone }}', timezone('UTC', {{ timestamp }}))
    {%- endif -%}
{%- endmacro %}

{#- The reporting day of a UTC timestamp. -#}
{% macro reporting_date(timestamp) -%}
    cast({{ reporting_time(timestamp) }} as date)
{%- endmacro %}

{#-
  When a reporting day began, UTC: the first moment that its date was shown. Where the clocks go
  back to midnight, that is the earlier of two midnights.
-#}
{% macro reporting_day_started_at(day) -%}
    {%- set zone = var('reporting_time_zone') -%}
    {%- set midnight = local_to_utc('cast(' ~ day ~ ' as timestamp)', "'" ~ zone ~ "'") -%}
    {%- set hour_before = midnight ~ " - interval '1 hour'" -%}
    {%- if zone == 'UTC' -%}
        cast({{ day }} as timestamp)
    {%- else -%}
        case
            when {{ reporting_date(hour_before) }} = {{ day }} then {{ hour_before }}
            else {{ midnight }}
        end
    {%- endif -%}
{%- endmacro %}

{#- The hour that the clocks of the reporting time zone showed, 0 to 23. -#}
{% macro reporting_hour(timestamp) -%}
    cast(extract(hour from {{ reporting_time(timestamp) }}) as integer)
{%- endmacro %}

{#-
  When that hour of the clocks began, UTC. Counted back from the moment itself, so that an hour
  which the clocks go through twice is two hours, and one of a zone with half hours is whole.
-#}
{% macro reporting_hour_started_at(timestamp) -%}
    {%- if var('reporting_time_zone') == 'UTC' -%}
        date_trunc('hour', {{ timestamp }})
    {%- else -%}
        {{ timestamp }}
        - ({{ reporting_time(timestamp) }} - date_trunc('hour', {{ reporting_time(timestamp) }}))
    {%- endif -%}
{%- endmacro %}

{#- The part of the day that an hour of the clocks is in, by the var `dayparts`. -#}
{% macro daypart(hour) -%}
    case
    {%- for part in var('dayparts') | reverse if execute %}
        when {{ hour }} >= {{ part['first_hour'] }} then '{{ part["name"] }}'
    {%- endfor %}
    end
{%- endmacro %}

{#- Whether a reporting day is one of `weekend_weekdays`. -#}
{% macro is_weekend(day) -%}
    extract(isodow from {{ day }}) in (
        {{- var('weekend_weekdays') | join(', ') if execute else 6 -}}
    )
{%- endmacro %}

{#-
  A 128-bit identifier of some values, nulls equal to nothing else. A separator that no value
  holds keeps ('a', 'bc') apart from ('ab', 'c').
-#}
{% macro identifier_of(expressions) -%}
    {{ return(adapter.dispatch('identifier_of')(expressions)) }}
{%- endmacro %}

{% macro duckdb__identifier_of(expressions) -%}
    cast(md5(concat_ws(chr(31)
        {%- for expression in expressions -%}
            , coalesce(cast({{ expression }} as varchar), chr(30))
        {%- endfor -%}
    )) as uuid)
{%- endmacro %}
