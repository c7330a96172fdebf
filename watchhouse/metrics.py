"""The registry of metrics: every name, meaning and formula once, read from `definitions/`.

Each file of that folder is an area: the marts that it measures, and their metrics. A metric is an
aggregate over the rows of a mart; grouped by a dimension of the mart, it answers for each value.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, computed_field

Level = Literal["L0", "L1", "L2"]
LEVELS: Final[tuple[Level, ...]] = ("L0", "L1", "L2")
"""What the input holds, from the least: each level includes those before it."""

Period = Literal["day", "week", "month"]
"""Weeks begin on the `week_starts_on` of the release: Monday, unless it was set."""


class Mart(BaseModel):
    """How the metrics of a mart can be cut."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date_column: str | None
    """The column that places a row in time; None in a mart of the state at the release."""
    dimensions: tuple[str, ...]
    """Columns to group and filter by."""
    period: Period = "day"
    """What the date stands for: the day itself, or the week or month that begins with it."""
    time_column: str | None = None
    """The moment, UTC, whose reporting day is the date: with it rows can be put on days of another
    time zone."""
    overlapping: tuple[str, ...] = ()
    """Dimensions whose values share rows of the input, as windows and genres do: nothing may be
    summed over several of them."""
    users: str | None = None
    """Aggregate that says how many users the rows describe, at least; None when it cannot be told,
    and then callers who may not read single users see none of it."""
    about_users: bool = True
    """Whether the rows describe users at all."""


class Metric(BaseModel):
    """One metric. `sql` is an aggregate over rows of `mart`; null where it cannot be known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    label: str
    description: str
    formula: str
    """In words."""
    unit: str
    level: Level
    """What the input must hold for the metric to exist: L0 user, show, date and duration; L1 also
    the catalogue; L2 also the optional columns of an event."""
    source: str
    """Who published the definition."""
    additive: bool
    """Whether the values of slices that share no rows add up to the value of the whole."""
    mart: str
    also_in: tuple[str, ...] = ()
    """Other marts, coarser or with other dimensions, in which the same `sql` says the same."""
    column: str
    """The column that `sql` measures or counts."""
    sql: str

    @computed_field  # type: ignore[prop-decorator]  # so it is listed with the rest
    @cached_property
    def version(self) -> str:
        """Eight hex digits that change with the meaning or the computation."""
        text = f"{self.formula} {self.unit} {' '.join(self.sql.split())}"
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


_MARTS: Final = TypeAdapter(dict[str, Mart])
_METRICS: Final = TypeAdapter(tuple[Metric, ...])


@cache
def load_metrics() -> tuple[Metric, ...]:
    """Return every metric, area by area in the order of the files."""
    return tuple(
        metric for area in _areas() for metric in _METRICS.validate_python(area["metrics"])
    )


@cache
def load_marts() -> Mapping[str, Mart]:
    """Return every mart that has metrics."""
    return {
        name: mart
        for area in _areas()
        for name, mart in _MARTS.validate_python(area["marts"]).items()
    }


def answerable(metrics: Sequence[Metric], level: Level) -> tuple[Metric, ...]:
    """Return the metrics that data of a level is enough for."""
    enough = LEVELS[: LEVELS.index(level) + 1]
    return tuple(metric for metric in metrics if metric.level in enough)


def _areas() -> Iterator[dict[str, Any]]:
    folder = files("watchhouse") / "definitions"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.endswith(".yml"):
            yield yaml.safe_load(path.read_text(encoding="utf-8"))
