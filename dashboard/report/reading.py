"""Reading what a report says from the marts of one release; figures through the planner."""

from datetime import date, timedelta
from typing import Any, Final

from dashboard.definitions import unit
from dashboard.formats import amount, change
from dashboard.places import AUDIENCES, PLACE
from dashboard.report.facts import Curve, Facts, Figure, Mover, Place, Restated
from dashboard.report.weeks import Week
from watchhouse.questions import COMPARED, PERIOD, Question, ask
from watchhouse.releases import Release

_FIGURES: Final = (
    "hours_viewed",
    "plays",
    "users",
    "sessions",
    "completion_rate_by_plays",
    "binge_share",
)
_MOVERS: Final = 5
_CURVES: Final = 4
_REASONS: Final = 10
_TOP: Final = f"""
    with placed as (
        select *, {PLACE} as place
        from rpt_weekly_top_shows
        where week_started_date between $first_day - 7 and $first_day
    )
    select
        listed.content_type, listed.place, listed.show_name,
        case when audiences.is_told then listed.views end as views,
        case when audiences.is_told then listed.hours_viewed end as hours_viewed,
        case when audiences.is_told then listed.play_count end as play_count,
        listed.week_in_top_count,
        before.place as place_before
    from placed as listed
    left join {AUDIENCES} as audiences on listed.show_id = audiences.show_id
    left join placed as before
        on
            listed.show_id = before.show_id
            and listed.content_type = before.content_type
            and before.week_started_date = listed.week_started_date - 7
    where listed.week_started_date = $first_day
    order by
        listed.content_type, listed.place, listed.hours_rank, listed.show_name, listed.show_id
"""  # noqa: S608 - names of our own
_CURVED: Final = """
    with found as (
        select
            show_id,
            min(activity_date) as first_date,
            sum(watched_microseconds) filter (
                where activity_date >= $first_day and activity_date < $end
            ) as watched_microseconds
        from fct_show_days
        group by show_id
        having watched_microseconds > 0
    )

    select
        shows.show_id, shows.show_name, found.first_date >= $first_day as is_new,
        any_value(curves.basis) as basis,
        any_value(curves.play_count) as play_count,
        list(curves.audience_watch_ratio order by curves.bucket) as curve
    from found
    inner join dim_shows as shows on found.show_id = shows.show_id
    inner join rpt_retention_curves as curves on found.show_id = curves.show_id
    where curves.play_count >= $smallest and (found.first_date >= $first_day or not $only_new)
    group by shows.show_id, shows.show_name, found.first_date, found.watched_microseconds
    order by found.watched_microseconds desc, shows.show_id
    limit $most
"""
_ACCOUNTS: Final = """
    select
        coalesce(sum(read_count), 0)::bigint as "read",
        coalesce(sum(rejected_count), 0)::bigint as rejected,
        coalesce(sum(landed_count), 0)::bigint as landed,
        coalesce(sum(valid_count), 0)::bigint as "valid",
        coalesce(sum(quarantined_count), 0)::bigint as quarantined,
        coalesce(sum(duplicate_count), 0)::bigint as duplicate,
        coalesce(sum(superseded_count), 0)::bigint as superseded,
        coalesce(sum(abs(conservation_gap)), 0)::bigint as unaccounted
    from rpt_batch_reconciliation
    where $first_day::date is null or landed_at >= $first_day::date and landed_at < $end::date
"""
_SET_ASIDE: Final = """
    select
        reason_code,
        count(*) filter (where landed_at >= $first_day and landed_at < $end) as week_count,
        count(*) as record_count
    from (select unnest(reason_codes) as reason_code, landed_at from fct_quarantined_events)
    group by reason_code
    order by week_count desc, record_count desc, reason_code
    limit $most
"""
_RESTATED: Final = """
    select activity_date, release_id, array_to_string(causes, ', ') as causes,
        play_count_before, play_count_after, hours_viewed_before, hours_viewed_after
    from history.restatements
    where activity_date >= $first_day and activity_date < $end
    order by activity_date, release_id
"""


def read(release: Release, week: Week, *, smallest_group: int) -> Facts:
    """Read all that a report of a week says; days are those of the reporting time zone."""
    marts = release.manifest.marts
    reader = _Reader(release, week, smallest_group)
    as_of = release.manifest.data_as_of
    return Facts(
        week=week,
        release_id=release.manifest.release_id,
        data_as_of=f"{as_of:%Y-%m-%d %H:%M} UTC" if as_of else "",
        smallest_group=smallest_group,
        figures=reader.figures(),
        days=reader.hours_by_day(week.first_day),
        days_before=(
            reader.hours_by_day(week.first_day - timedelta(days=7)) if week.is_comparable else None
        ),
        movers=reader.movers() if week.is_comparable else None,
        lists=reader.lists() if "rpt_weekly_top_shows" in marts else None,
        curves=reader.curves() if "rpt_retention_curves" in marts else None,
        landed=reader.accounts(of_week=True),
        landed_ever=reader.accounts(of_week=False),
        reasons=tuple(
            (row["reason_code"], row["week_count"], row["record_count"])
            for row in reader.rows(_SET_ASIDE, most=_REASONS)
        ),
        restated=reader.restated() if "restatements" in marts else None,
    )


class _Reader:
    def __init__(self, release: Release, week: Week, smallest_group: int) -> None:
        self._cursor = release.cursor()
        self._counts = {name: mart.row_count for name, mart in release.manifest.marts.items()}
        self._week = week
        self._smallest = smallest_group

    def rows(self, sql: str, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - of any type
        """Return the rows of a statement; of the values it may use it is given those it names."""
        values = {
            "first_day": self._week.first_day,
            "end": self._week.end,
            "smallest": self._smallest,
            **more,
        }
        used = {name: value for name, value in values.items() if f"${name}" in sql}
        found: list[dict[str, Any]] = self._cursor.execute(sql, used).to_arrow_table().to_pylist()
        return found

    def figures(self) -> tuple[Figure, ...]:
        (row,) = self._ask(*_FIGURES, compare=self._week.is_comparable)
        return tuple(
            Figure(
                name,
                amount(row[name], unit(name)),
                amount(row.get(f"{COMPARED}{name}"), unit(name)),
                change(row[name], row.get(f"{COMPARED}{name}"), unit(name)),
            )
            for name in _FIGURES
        )

    def hours_by_day(self, first_day: date) -> tuple[float, ...]:
        """Return the hours of seven days; a day on which nothing was played has none of them."""
        question = Question(
            metrics=("hours_viewed",),
            grain="day",
            from_date=first_day,
            to_date=first_day + timedelta(days=7),
            smallest_group=self._smallest,
        )
        table = ask(self._cursor, question, self._counts).table
        hours = {row[PERIOD]: row["hours_viewed"] or 0.0 for row in table.to_pylist()}
        return tuple(hours.get(first_day + timedelta(days=day), 0.0) for day in range(7))

    def movers(self) -> tuple[Mover, ...]:
        """Return the shows that rose or fell most by hours, from the most risen on."""
        found = []
        rows = self._ask(
            *("hours_viewed", "users"), dimensions=("show_name",), compare=True, smallest_group=0
        )
        for row in rows:
            audiences = (row["users"], row[f"{COMPARED}users"])
            # Nobody in one of the weeks is no hours; too few in one of them is not told.
            if all(users is None or users >= self._smallest for users in audiences):
                hours = (row["hours_viewed"] or 0.0, row[f"{COMPARED}hours_viewed"] or 0.0)
                found.append(Mover(row["show_name"], *hours))
        found.sort(key=lambda mover: (-(mover.hours - mover.hours_before), mover.show_name))
        risen = [mover for mover in found if mover.hours > mover.hours_before][:_MOVERS]
        fallen = [mover for mover in found if mover.hours < mover.hours_before][-_MOVERS:]
        return (*risen, *fallen)

    def lists(self) -> dict[str, tuple[Place, ...]]:
        found: dict[str, tuple[Place, ...]] = {}
        for row in self.rows(_TOP):
            place = Place(
                row["place"],
                row["place_before"],
                row["show_name"],
                row["views"],
                row["hours_viewed"],
                row["play_count"],
                row["week_in_top_count"],
            )
            found[row["content_type"]] = (*found.get(row["content_type"], ()), place)
        return found

    def curves(self) -> tuple[Curve, ...]:
        """Return the curves of the biggest shows new in the week; if none is, of the biggest."""
        # In the first week that the release knows every show would be new.
        tries = (True, False) if self._week.is_comparable else (False,)
        for only_new in tries:
            rows = self.rows(_CURVED, only_new=only_new, most=_CURVES)
            if rows:
                return tuple(
                    Curve(
                        row["show_name"],
                        row["is_new"] and self._week.is_comparable,
                        row["basis"],
                        row["play_count"],
                        tuple(row["curve"]),
                    )
                    for row in rows
                )
        return ()

    def accounts(self, *, of_week: bool) -> dict[str, int]:
        values = {} if of_week else {"first_day": None}
        (row,) = self.rows(_ACCOUNTS, **values)
        return row

    def restated(self) -> tuple[Restated, ...]:
        return tuple(
            Restated(
                row["activity_date"],
                row["release_id"],
                row["causes"],
                (row["play_count_before"], row["play_count_after"]),
                (row["hours_viewed_before"], row["hours_viewed_after"]),
            )
            for row in self.rows(_RESTATED)
        )

    def _ask(
        self,
        *metrics: str,
        dimensions: tuple[str, ...] = (),
        compare: bool,
        smallest_group: int | None = None,
    ) -> list[dict[str, Any]]:
        question = Question(
            metrics=metrics,
            dimensions=dimensions,
            from_date=self._week.first_day,
            to_date=self._week.end,
            compare="previous" if compare else None,
            limit=10_000,
            smallest_group=self._smallest if smallest_group is None else smallest_group,
        )
        found: list[dict[str, Any]] = ask(self._cursor, question, self._counts).table.to_pylist()
        return found
