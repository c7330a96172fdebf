{#- The first day of the week or month that a date is in; of a day, the date itself. -#}
{% macro period_started_date(period, date) -%}
    {%- if period == 'week' -%}
        {{ date }} - cast((isodow({{ date }}) - {{ var('week_starts_on') }} + 7) % 7 as integer)
    {%- elif period == 'month' -%}
        cast(date_trunc('month', {{ date }}) as date)
    {%- else -%}
        {{ date }}
    {%- endif -%}
{%- endmacro %}

{#- The first day of the period that begins a number of periods after another one. -#}
{% macro period_after(period, date, number='1') -%}
    {%- if period == 'month' -%}
        cast({{ date }} + to_months(cast({{ number }} as integer)) as date)
    {%- else -%}
        {{ date }} + cast({{ number }} * {{ {'day': 1, 'week': 7}[period] }} as integer)
    {%- endif -%}
{%- endmacro %}

{#- How many periods after another one a period begins; both by their first day. -#}
{% macro periods_between(period, started_date, ended_date) -%}
    {%- if period == 'month' -%}
        date_diff('month', {{ started_date }}, {{ ended_date }})
    {%- else -%}
        ({{ ended_date }} - ({{ started_date }})) // {{ {'day': 1, 'week': 7}[period] }}
    {%- endif -%}
{%- endmacro %}

{#- The days, weeks and months that a changed day is in, each moved by numbers of periods. -#}
{% macro changed_periods(shifts) -%}
    {%- for period in ['day', 'week', 'month'] %}
        {%- for shift in shifts %}
            select
                '{{ period }}' as period,
                {{ period_after(
                    period, period_started_date(period, 'activity_date'), shift
                ) }} as period_started_date
            from {{ ref('int_changed_days') }}
            {%- if not loop.last %}
            union
            {%- endif %}
        {%- endfor %}
        {%- if not loop.last %}
            union
        {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- Rows per period that a changed day is in, or that begin when such a period ends. -#}
{% macro by_changed_periods(row='target') -%}
    ({{ row }}.period, {{ row }}.period_started_date) in ({{ changed_periods([0, 1]) }})
{%- endmacro %}

{#- Rows per period that such rows are made of: those periods, and the ones before. -#}
{% macro near_changed_periods(row='target') -%}
    ({{ row }}.period, {{ row }}.period_started_date) in ({{ changed_periods([-1, 0, 1]) }})
{%- endmacro %}

{#- Rows per user and week or month that have a changed day of the user. -#}
{% macro on_changed_user_periods(row='target') -%}
    ({{ row }}.user_id, {{ row }}.period, {{ row }}.period_started_date) in (
        {%- for period in ['week', 'month'] %}
        select
            user_id,
            '{{ period }}' as period,
            {{ period_started_date(period, 'activity_date') }} as period_started_date
        from {{ ref('int_changed_user_days') }}
        {%- if not loop.last %}
        union
        {%- endif %}
        {%- endfor %}
    )
{%- endmacro %}

{#- Rows per user and reporting day that such rows are made of: a month, and a week at its ends. -#}
{% macro near_changed_user_periods(row='target') -%}
    {{ row }}.activity_date in (
        select
            cast(unnest(generate_series(
                cast(date_trunc('month', activity_date) as date) - 6,
                last_day(activity_date) + 6,
                interval '1 day'
            )) as date)
        from {{ ref('int_changed_days') }}
    )
    and {{ row }}.user_id in (select user_id from {{ ref('int_changed_user_days') }})
{%- endmacro %}
