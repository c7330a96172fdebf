{{ config(
    materialized='incremental',
    incremental_strategy='replace_changed',
    meta={
        'replaces': 'of_changed_users',
        'publish': {'order_by': ['user_id'], 'indexes': [['user_id']]},
    },
) }}
-- depends_on: {{ ref('int_changed_users') }}
with

user_days as (

    select *
    from {{ ref('fct_user_days') }} as day
    {%- if is_incremental() %}
    where {{ of_changed_users('day') }}
    {%- endif %}

),

accounts as (

    select *
    from {{ ref('int_users_deduplicated') }} as account
    where is_kept{% if is_incremental() %} and {{ of_changed_users('account') }}{% endif %}

),

watched as (

    select
        user_id,
        min(first_started_at) as first_watched_at,
        max(last_started_at) as last_watched_at
    from user_days
    group by user_id

),

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
