"""What runs at one moment, against a look at each minute by itself."""

from pathlib import Path
from typing import Final

from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play

_BUILT: Final = """
    select started_minute_at, peak_concurrency, audience_microseconds
    from marts.fct_concurrency_minutes order by started_minute_at
"""
# Most plays run at once when one of them starts, or as the minute does.
_COUNTED: Final = """
    with minutes as (
        select unnest(generate_series(
            (select date_trunc('minute', min(started_at)) from marts.fct_plays),
            (select max(ended_at) from marts.fct_plays),
            interval '1 minute'
        )) as minute
    ),
    moments as (
        select minute, minute as moment from minutes
        union
        select date_trunc('minute', started_at), started_at from marts.fct_plays
    ),
    levels as (
        select moments.minute, moments.moment, count(*) as running
        from moments
        inner join marts.fct_plays as play
            on play.started_at <= moments.moment and play.ended_at > moments.moment
        group by moments.minute, moments.moment
    )
    select
        minutes.minute,
        (select max(running) from levels where levels.minute = minutes.minute),
        cast(sum(
            epoch_us(least(play.ended_at, minutes.minute + interval '1 minute'))
            - epoch_us(greatest(play.started_at, minutes.minute))
        ) as bigint)
    from minutes
    inner join marts.fct_plays as play
        on play.started_at < minutes.minute + interval '1 minute'
        and play.ended_at > minutes.minute
    group by minutes.minute
    order by minutes.minute
"""
_DAYS: Final = """
    select activity_date, peak_concurrency, peak_at, audience_microseconds / 60e6, minute_count
    from marts.fct_concurrency_days order by activity_date
"""


def test_a_late_play_moves_every_minute_and_day_it_runs_in(
    make_workshop: MakeWorkshop, tmp_path: Path
) -> None:
    workshop = make_workshop({"reporting_time_zone": "Europe/Berlin"})
    lake = Lake(workshop.home, tmp_path)
    lake.events(
        "first",
        play("ann", "Umbra", "2026-10-24 20:00:30", 150),
        play("ann", "Umbra", "2026-10-24 22:30:30", 45, device="phone"),
        play("bob", "Umbra", "2026-10-25 00:15", 120),
        play("bob", "Umbra", "2026-10-25 02:15", "0.5"),
        play("cleo", "Umbra", "2026-10-26 12:00", "0.25"),
        play("cleo", "Umbra", "2026-10-26 12:00:15", "0.25"),
    )
    workshop.build()
    workshop.publish(strictly=False)
    assert workshop.built().ask(_BUILT) == workshop.built().ask(_COUNTED)
    assert workshop.built().ask(_DAYS) == [
        ("2026-10-24", 1, "2026-10-24 20:00", 119.5, 1440),
        ("2026-10-25", 1, "2026-10-24 22:00", 196.0, 1500),
        ("2026-10-26", 1, "2026-10-26 12:00", 0.5, 1440),
    ]

    # As long as a play can be: on three reporting days, on the first for a minute.
    lake.events("late", play("dan", "Umbra", "2026-10-24 21:59", 1440))
    workshop.build()
    workshop.publish(strictly=False)
    assert workshop.built().ask(_BUILT) == workshop.built().ask(_COUNTED)
    assert workshop.built().ask(_DAYS) == [
        ("2026-10-24", 2, "2026-10-24 21:59", 120.5, 1440),
        ("2026-10-25", 2, "2026-10-24 22:00", 1635.0, 1500),
        ("2026-10-26", 1, "2026-10-26 12:00", 0.5, 1440),
    ]
