{#- Users with the weekly and the monthly cohort that each is in. -#}
{% macro cohort_members() -%}
    {%- for period in ['week', 'month'] %}
    {%- if not loop.first %}

    union all

    {% endif -%}
    select
        user_id,
        '{{ period }}' as period,
        first_run_{{ period }}_count as first_run_count,
        {{ period_started_date(period, 'first_activity_date') }} as cohort_started_date
    from {{ ref('int_user_lifetimes') }}
    {%- endfor %}
{%- endmacro %}

{#-
  Rows per week or month that a changed day is in, or that a user was active in who is in another
  cohort than when they were counted. Users who are new, and those who are gone, have changed days
  only. All rows while it is not known what they were counted with.
-#}
{% macro by_recounted_periods(row='target') -%}
    {%- set members_before = built('int_cohort_members') -%}
    {%- if members_before -%}
    ({{ row }}.period, {{ row }}.period_started_date) in (
        {{ changed_periods([0]) }}
        union
        select
            moved.period,
            moved.period_started_date
        from {{ ref('int_user_periods') }} as moved
        where
            moved.user_id in (
                select known.user_id
                from ({{ cohort_members() }}) as known
                inner join {{ members_before }} as members_before
                    on
                        known.user_id = members_before.user_id
                        and known.period = members_before.period
                where known.cohort_started_date != members_before.cohort_started_date
            )
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
