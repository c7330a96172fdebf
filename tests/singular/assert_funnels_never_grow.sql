-- A row is a film or season of which more users watched than started, or completed than watched,
-- or that has more of them within a horizon than in a longer one; or that does not tell the
-- starters, or tells more of the completers, that rpt_seasons tells.
with

funnels as (

    select * from {{ ref('rpt_show_funnels') }}

),

grown as (

    select
        show_id,
        season
    from funnels
    where watcher_count > starter_count or completer_count > watcher_count

),

longer as (

    select
        shorter.show_id,
        shorter.season
    from funnels as shorter
    inner join funnels as later
        on
            shorter.show_id = later.show_id
            and shorter.season is not distinct from later.season
            and case shorter.horizon
                when '7d' then later.horizon in ('28d', 'ever')
                when '28d' then later.horizon = 'ever'
                else false
            end
    where
        shorter.starter_count > later.starter_count
        or shorter.watcher_count > later.watcher_count
        or shorter.completer_count > later.completer_count

),

differing as (

    select
        seasons.show_id,
        seasons.season
    from {{ ref('rpt_seasons') }} as seasons
    left join funnels
        on
            seasons.show_id = funnels.show_id
            and seasons.season = funnels.season
            and funnels.horizon = 'ever'
    where
        seasons.starter_count != coalesce(funnels.starter_count, 0)
        or seasons.completer_count < funnels.completer_count

)

select * from grown
union all
select * from longer
union all
select * from differing
