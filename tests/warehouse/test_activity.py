"""Users of sliding windows: what a late play moves, against a count of each window by itself."""

from datetime import date, timedelta
from typing import Final

from tests.warehouse.lake import Lake, Row, play
from tests.warehouse.workshop import Workshop

_BUILT: Final = """
    select activity_date, dau, wau, mau from marts.fct_activity_days order by activity_date
"""
_COUNTED: Final = """
    select
        day.activity_date,
        count(distinct near.user_id) filter (where near.activity_date = day.activity_date),
        count(distinct near.user_id) filter (where near.activity_date > day.activity_date - 7),
        count(distinct near.user_id)
    from (select distinct activity_date from marts.fct_user_days) as day
    inner join marts.fct_user_days as near
        on near.activity_date between day.activity_date - 27 and day.activity_date
    group by day.activity_date
    order by day.activity_date
"""


def test_a_late_play_moves_every_window_it_is_in(workshop: Workshop, lake: Lake) -> None:
    # One late play each, in eras so far apart that no window sees two of them.
    late = ("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-29", "2026-03-30", "2026-01-15")
    eras = tuple(enumerate(late))

    def at(era: int, day: str, minutes: int, *, user: str, event_id: str = "") -> Row:
        moved = date.fromisoformat(day) - timedelta(days=200 * era)
        event = f"{era}/{event_id or day}"
        return play(f"{user}-{era}", "Umbra", f"{moved} 20:00", minutes, event_id=event)

    for number, days in enumerate(
        (("2026-02-01", "2026-02-28", "2026-03-01"), ("2026-03-08", "2026-03-29", "2026-04-27"))
    ):
        lake.events(
            f"ann-{number}", *(at(era, day, 30, user="ann") for era, _ in eras for day in days)
        )
        workshop.run()
        workshop.publish(strictly=False)
    assert workshop.built().ask(_BUILT) == workshop.built().ask(_COUNTED)

    lake.events("bob", *(at(era, day, 30, user="bob", event_id="late") for era, day in eras))
    workshop.run()
    workshop.publish(strictly=False)
    built = workshop.built().ask(_BUILT)
    assert built == workshop.built().ask(_COUNTED)
    assert sum(dau for _, dau, _, _ in built) == 7 * len(eras)

    # Withdrawn again: the same event, told by its producer to be another day's.
    lake.events(
        "ann-late",
        *(at(era, "2026-03-09", 40, user="ann", event_id="2026-03-08") for era, _ in eras),
    )
    workshop.run()
    assert workshop.built().ask(_BUILT) == workshop.built().ask(_COUNTED)
