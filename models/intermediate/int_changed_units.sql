with

units as (

    select * from {{ ref('int_show_units') }}

),

final as (

    {{ seasons_known_otherwise('int_user_units', 'unit_key', 'units') }}

)

select * from final
