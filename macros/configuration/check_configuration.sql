{#-
  Stops a run before its first model when a variable is not what it may be: one error with a line
  for each, wherever the value comes from. A wrong threshold would not fail; it would publish.
-#}
{% macro check_configuration() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test'] -%}
        {%- set problems = [] -%}
        {%- for name, range in variable_ranges().items() -%}
            {%- set value = var(name, none) -%}
            {%- if not is_in_range(value, range) -%}
                {%- do problems.append(
                    name ~ " is " ~ ("'" ~ value ~ "'" if value is string else value)
                    ~ ": it must be " ~ described_range(range)
                ) -%}
            {%- elif 'not_above' in range
                and var(range['not_above'], none) is number and value > var(range['not_above']) -%}
                {%- do problems.append(
                    name ~ " is " ~ value ~ ": it must be " ~ described_range(range)
                    ~ ", which is " ~ var(range['not_above'])
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if problems -%}
            {%- do exceptions.raise_compiler_error(
                (problems | join('\n')) ~ "\nChange it under `vars` in dbt_project.yml, or in --vars; "
                ~ "nothing was built."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether a value is what a range of variable_ranges allows. -#}
{% macro is_in_range(value, range) -%}
    {%- set kind = range['kind'] -%}
    {%- if kind == 'choice' -%}
        {{ return(value in range['choices']) }}
    {%- elif kind == 'time_zone' -%}
        {{ return(value is string and is_known_time_zone(value)) }}
    {%- elif kind == 'date' -%}
        {{ return(value is string and is_date(value) and value >= range['minimum']) }}
    {%- elif kind == 'whole' -%}
        {{ return(value is integer and range['minimum'] <= value <= range['maximum']) }}
    {%- elif kind == 'number' -%}
        {{ return(is_number_in(value, range)) }}
    {%- elif kind == 'whole_list' -%}
        {{ return(
            is_list(value)
            and value | select('integer') | select('ge', range['minimum'])
            | select('le', range['maximum']) | unique | list | length == value | length
        ) }}
    {%- elif kind == 'rising' -%}
        {{ return(is_list(value) and is_rising_in(value, range)) }}
    {%- elif kind == 'words' -%}
        {{ return(
            is_list(value) and value and value | select('string') | list | length == value | length
            and "'" not in (value | join)
        ) }}
    {%- elif kind == 'weights' -%}
        {{ return(is_whole_of_weights(value)) }}
    {%- elif kind == 'dayparts' -%}
        {{ return(is_whole_day(value)) }}
    {%- elif kind == 'columns' -%}
        {{ return(is_map_of_columns(value)) }}
    {%- elif kind == 'shares' -%}
        {{ return(is_map_of_shares(value)) }}
    {%- elif kind == 'names' -%}
        {{ return(
            value is mapping
            and (value.keys() | list + value.values() | list) | reject('string') | list == []
        ) }}
    {%- endif -%}
    {{ return(false) }}
{%- endmacro %}

{#- A range of variable_ranges in words. -#}
{% macro described_range(range) -%}
    {%- set kind = range['kind'] -%}
    {%- set unit = ' of ' ~ range['unit'] if 'unit' in range else '' -%}
    {%- set from = ' above ' ~ range['above'] if 'above' in range else ' from ' ~ range['minimum'] -%}
    {%- set words = {
        'choice': 'one of ' ~ (range['choices'] | default([]) | join(', ')),
        'time_zone': 'the name of an IANA time zone, such as UTC or Europe/Berlin',
        'date': 'a date in quotes, "YYYY-MM-DD", from ' ~ range['minimum'],
        'whole': 'a whole number' ~ unit ~ from ~ ' to ' ~ range['maximum'],
        'number': 'a number' ~ unit ~ from ~ ' to ' ~ range['maximum'],
        'whole_list': 'a list of different whole numbers' ~ unit ~ from ~ ' to ' ~ range['maximum'],
        'rising':
            'a list of rising numbers' ~ unit ~ from ~ ' to ' ~ range['maximum'],
        'words': 'a list of texts without quotes',
        'weights': 'a map of names to numbers from 0 to 1 that add up to 1',
        'dayparts':
            'a list of {name, first_hour}, the first from hour 0 and each after the one before, '
            ~ 'hours to 23, names of letters',
        'columns':
            'a map of names (lower case letters, digits and _) to keys of the record or JSON paths '
            ~ 'that begin with $',
        'shares':
            'a map of names to maps of names to numbers above 0 that add up to 1',
        'names': 'a map of names to names',
    } -%}
    {{ return(
        words[kind] ~ (' and not above ' ~ range['not_above'] if 'not_above' in range else '')
    ) }}
{%- endmacro %}

{% macro is_list(value) -%}
    {{ return(value is sequence and value is not string and value is not mapping) }}
{%- endmacro %}

{#- Not true and false, which are numbers to Jinja, and not what is no number of a size. -#}
{% macro is_number_in(value, range) -%}
    {{ return(
        value is number
        and value is not boolean
        and value <= range['maximum']
        and (value > range['above'] if 'above' in range else value >= range['minimum'])
    ) }}
{%- endmacro %}

{% macro is_rising_in(value, range) -%}
    {%- for number in value -%}
        {%- if not is_number_in(number, range)
            or (not loop.first and number <= loop.previtem) -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(value | length > 0) }}
{%- endmacro %}

{% macro is_whole_of_weights(value) -%}
    {%- if value is not mapping -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for weight in value.values() if not is_number_in(weight, {'minimum': 0, 'maximum': 1}) -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return((value.values() | sum - 1) | abs < 1e-9) }}
{%- endmacro %}

{% macro is_map_of_shares(value) -%}
    {%- if value is not mapping -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for name, shares in value.items()
        if name is not string
        or not is_whole_of_weights(shares)
        or shares.keys() | reject('string') | list
        or shares.values() | min <= 0 -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{% macro is_whole_day(value) -%}
    {%- if not is_list(value) or not value -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for part in value -%}
        {%- if part is not mapping
            or part['first_hour'] is not integer
            or part['name'] is not string
            or not modules.re.fullmatch('[a-z]+', part['name'])
            or part['first_hour'] > 23
            or (loop.first and part['first_hour'] != 0)
            or (not loop.first and part['first_hour'] <= loop.previtem['first_hour'])
        -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(value | map(attribute='name') | unique | list | length == value | length) }}
{%- endmacro %}

{% macro is_map_of_columns(value) -%}
    {%- if value is not mapping -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for name, path in value.items()
        if name is not string or not modules.re.fullmatch('[a-z][a-z0-9_]*', name)
        or path is not string or not modules.re.fullmatch(
            '[^$"][^"]*|[$]([.][A-Za-z0-9_]+|[.]"[^"]+"|\\[[0-9]+\\])+', path
        ) -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{% macro is_known_time_zone(name) -%}
    {%- set query -%}
        select count(*) as n from pg_timezone_names() where name = '{{ name | replace("'", "''") }}'
    {%- endset -%}
    {{ return(run_query(query).rows[0]['n'] > 0) }}
{%- endmacro %}

{% macro is_date(text) -%}
    {%- set query -%}
        select try_strptime('{{ text | replace("'", "''") }}', '%Y-%m-%d') is not null as is_date
    {%- endset -%}
    {{ return(run_query(query).rows[0]['is_date']) }}
{%- endmacro %}
