{%- set users_move = stream_moves('users') %}
{%- set users = built('dim_users') if users_move else none %}
with

spans as (

    select * from {{ ref('int_changed_spans') }}

),

-- Named also by builds that do not use it: a dependency must not come and go.
accounts as (  -- noqa: ST03

    select * from {{ ref('int_users_deduplicated') }}

),

final as (

    select user_id from spans
    {%- if users_move %}
    union
    select user_id from accounts
    {%- endif %}
    {%- if users %}
    union
    select user_id from {{ users }}
    {%- endif %}

)

select * from final
