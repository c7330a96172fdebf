{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'of_changed_users',
        'publish': {'order_by': ['user_id'], 'indexes': [['user_id']]},
    },
) }}
-- depends_on: {{ ref('int_changed_days') }}
-- depends_on: {{ ref('int_changed_user_days') }}
-- depends_on: {{ ref('int_changed_users') }}
with

user_days as not materialized (

    select * from {{ ref('fct_user_days') }}

),

accounts as (

    select *
    from {{ ref('int_users_deduplicated') }} as account
    where is_kept{% if is_incremental() %} and {{ of_changed_users('account') }}{% endif %}

),

{% if is_incremental() -%}
changed_user_days as (

    select * from {{ ref('int_changed_user_days') }}

),

standing as (

    select
        target.user_id,
        target.first_watched_at,
        target.last_watched_at,
        first_day.user_id is not null as is_first_changed,
        last_day.user_id is not null as is_last_changed
    from {{ this }} as target
    left join changed_user_days as first_day
        on
            target.user_id = first_day.user_id
            and {{ reporting_date('target.first_watched_at') }} = first_day.activity_date
    left join changed_user_days as last_day
        on
            target.user_id = last_day.user_id
            and {{ reporting_date('target.last_watched_at') }} = last_day.activity_date
    where {{ of_changed_users('target') }}

),

changed as (

    select
        user_id,
        min(first_started_at) as first_watched_at,
        max(last_started_at) as last_watched_at
    from user_days
    where {{ on_changed_user_days('user_days') }}
    group by user_id

),

-- What stands came from some day. Unless that day has changed it still holds, or a changed day has
-- something earlier or later. If it has, and nothing at least as early or late is on a changed day,
-- only all days of the user can tell.
compared as (

    select
        coalesce(standing.user_id, changed.user_id) as user_id,
        least(
            changed.first_watched_at,
            case when not standing.is_first_changed then standing.first_watched_at end
        ) as first_watched_at,
        greatest(
            changed.last_watched_at,
            case when not standing.is_last_changed then standing.last_watched_at end
        ) as last_watched_at,
        coalesce(
            (
                standing.is_first_changed
                and coalesce(changed.first_watched_at > standing.first_watched_at, true)
            )
            or (
                standing.is_last_changed
                and coalesce(changed.last_watched_at < standing.last_watched_at, true)
            ),
            false
        ) as is_open
    from standing
    full outer join changed on standing.user_id = changed.user_id

),

watched as (

    select
        user_id,
        first_watched_at,
        last_watched_at
    from compared
    where not is_open and first_watched_at is not null

    union all

    select
        user_id,
        min(first_started_at) as first_watched_at,
        max(last_started_at) as last_watched_at
    from user_days
    where user_id in (select compared.user_id from compared where compared.is_open)
    group by user_id

),
{%- else -%}
watched as (

    select
        user_id,
        min(first_started_at) as first_watched_at,
        max(last_started_at) as last_watched_at
    from user_days
    group by user_id

),
{%- endif %}

final as (

    select
        coalesce(accounts.user_id, watched.user_id) as user_id,
        accounts.country,
        accounts.plan,
        accounts.user_id is not null as has_account,
        accounts.signed_up_on,
        watched.first_watched_at,
        watched.last_watched_at
    from accounts
    full outer join watched on accounts.user_id = watched.user_id

)

select * from final
