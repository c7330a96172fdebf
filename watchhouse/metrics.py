"""The registry of metrics: every name, meaning and formula once, read from `metrics.yml`."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

Level = Literal["L0", "L1", "L2"]
LEVELS: Final[tuple[Level, ...]] = ("L0", "L1", "L2")
"""What the input holds, from the least: each level includes those before it."""


class Metric(BaseModel):
    """One metric. `sql` is an aggregate over rows of `mart`; null where it cannot be known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    label: str
    description: str
    formula: str
    """In words."""
    unit: str
    level: Level
    """What the input must hold for the metric to exist."""
    source: str
    """Who published the definition."""
    additive: bool
    """Whether the values of slices that share no rows add up to the value of the whole."""
    mart: str
    column: str
    """The column that `sql` measures or counts."""
    date_column: str
    """The column of the mart that places a row in time."""
    sql: str


_METRICS: Final = TypeAdapter(tuple[Metric, ...])


def load_metrics() -> tuple[Metric, ...]:
    """Return every metric, in the order of the file."""
    text = (files("watchhouse") / "metrics.yml").read_text(encoding="utf-8")
    return _METRICS.validate_python(tuple(yaml.safe_load(text)))


def answerable(metrics: Sequence[Metric], level: Level) -> tuple[Metric, ...]:
    """Return the metrics that data of a level is enough for."""
    enough = LEVELS[: LEVELS.index(level) + 1]
    return tuple(metric for metric in metrics if metric.level in enough)
