"""What there is to choose from: days, values of filters, shows."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from dashboard import reads

_DAYS: Final = """
    select min(activity_date) as first_day, max(activity_date) as last_day from fct_platform_days
"""
_VALUES: Final = {
    "country": "select distinct country as chosen from fct_plays",
    "device": "select distinct device as chosen from fct_plays",
    "content_type": "select distinct content_type as chosen from fct_plays",
    "genre": "select distinct unnest(genres) as chosen from dim_shows where has_plays",
}
_SMALLER: Final = "fct_breakdown_days"
_ORDERED: Final = "select chosen from ({}) as found order by chosen nulls last"
_SHOWS: Final = """
    select show_id, show_name
    from dim_shows
    where has_plays
    order by lower(show_name), show_id
"""


@dataclass(frozen=True)
class Days:
    """The first and the last reporting day with a play."""

    first: date
    last: date

    @property
    def end(self) -> date:
        """Return the first day after them."""
        return self.last + timedelta(days=1)


def known_days() -> Days | None:
    """Return the reporting days that the release knows; None when nothing was played."""
    (row,) = reads.read(_DAYS).to_pylist()
    if row["first_day"] is None:
        return None
    return Days(row["first_day"], row["last_day"])


def values(dimension: str) -> tuple[str | None, ...]:
    """Return the values of a filter, in order; None is not known."""
    found = _VALUES[dimension]
    if reads.manifest().is_fresh(_SMALLER):
        # The same values in far fewer rows.
        found = found.replace("fct_plays", _SMALLER)
    table = reads.read(_ORDERED.format(found))
    return tuple(table["chosen"].to_pylist())


def shows() -> dict[str, str]:
    """Return the names of shows that were played by their id; two of one name are told apart."""
    rows = reads.read(_SHOWS).to_pylist()
    names = Counter(row["show_name"] for row in rows)
    return {
        row["show_id"]: (
            f"{row['show_name']} ({row['show_id']})"
            if names[row["show_name"]] > 1
            else row["show_name"]
        )
        for row in rows
    }


def ids_of(names: Mapping[str, str], chosen: Collection[str]) -> tuple[str, ...]:
    """Return the ids of shows by their names in `shows()`."""
    return tuple(show for show, name in names.items() if name in chosen)
