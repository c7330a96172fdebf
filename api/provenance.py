"""What every answer says of where its figures come from: release, data and definitions."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final, Protocol

from pydantic import BaseModel, Field

from watchhouse.headers import PROVENANCE
from watchhouse.metrics import LEVELS, Level, Metric, load_metrics

_BEFORE: Final = "previous_"
_BEHIND: Final = "_before", "_after", "_minutes", "_seconds", "_rate"
"""What stands beside a metric's name in columns: another time, or the unit."""


class Of(BaseModel):
    """What every answer says of the release that it comes from."""

    release: int = Field(description="Number of the release.")
    data_as_of: str | None = Field(
        description="Latest start of a play in it, ISO 8601, UTC; null if it holds no play."
    )


class Figured(Of):
    """What answers say besides of the metrics that they hold."""

    metric_version: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{8}$",
        description="Changes with the definition of any metric of the answer: of one metric its"
        " version, of several a hash of theirs. Null where there is no metric, or the release was"
        " made before they were kept.",
    )
    data_level: Level | None = Field(
        default=None,
        description="What the input must hold for every metric of the answer to exist: the highest"
        " of their levels in `/v1/metrics`. Where it holds less, those that need more are null.",
    )
    data_levels: dict[str, Level] = Field(
        default_factory=dict,
        description="The level of each of these metrics, by its name; in the header as"
        " `complete_plays=L1, plays=L0`.",
    )


FIGURED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            name: {
                "required": True,
                "description": f"{Figured.model_fields[field].description} Empty for null.",
                "schema": {"type": "string"},
            }
            for field, name in PROVENANCE.items()
        }
    }
}
"""The same as headers of an answer, for the OpenAPI document."""


class Published(Protocol):
    """What is asked of a release."""

    @property
    def release_id(self) -> int:
        """Its number."""

    @property
    def data_as_of(self) -> datetime | None:
        """Latest start of a play in it, UTC."""

    @property
    def metric_versions(self) -> Mapping[str, str]:
        """Version of each metric that its marts were made for."""


@dataclass(frozen=True)
class Figures:
    """The metrics that an answer holds, by name."""

    metrics: tuple[Metric, ...] = ()
    are_computed_here: bool = False
    """Whether by the registry of this program; else they are as the release was made."""

    @cached_property
    def levels(self) -> dict[str, Level]:
        """Return the level of each, by name."""
        return {metric.name: metric.level for metric in self.metrics}

    @cached_property
    def level(self) -> Level | None:
        """Return the highest level among them."""
        return max(self.levels.values(), key=LEVELS.index, default=None)

    def version(self, of: Published) -> str | None:
        """Return what changes with the definition of any of them; None where that is not known."""
        if self.are_computed_here:
            return _together(tuple((metric.name, metric.version) for metric in self.metrics))
        known = of.metric_versions
        names = (metric.name for metric in self.metrics)
        return _together(tuple((name, known[name]) for name in names if name in known))


NO_FIGURES: Final = Figures()


def figures(names: Iterable[str], *, are_computed_here: bool = False) -> Figures:
    """Return those metrics of the registry that have one of these names."""
    wanted = frozenset(names)
    found = (metric for metric in load_metrics() if metric.name in wanted)
    return Figures(tuple(sorted(found, key=lambda metric: metric.name)), are_computed_here)


def figures_of(mart: str, columns: Iterable[str]) -> Figures:
    """Return what the rows of a mart hold: its metrics, and those its columns are named for."""
    named = {name for column in columns for name in _names(column)}
    return figures(
        metric.name
        for metric in load_metrics()
        if metric.name in named or mart in {metric.mart, *metric.also_in}
    )


def provenance(of: Published, held: Figures | None = None) -> dict[str, Any]:
    """Return what an answer says in its body; of metrics only if it may hold some."""
    said: dict[str, Any] = {"release": of.release_id, "data_as_of": utc_text(of.data_as_of)}
    if held is not None:
        said |= {
            "metric_version": held.version(of),
            "data_level": held.level,
            "data_levels": held.levels,
        }
    return said


def provenance_headers(of: Published, held: Figures) -> dict[str, str]:
    """Return the same as headers, in all formats; empty is what is null in JSON."""
    said = provenance(of, held)
    return {name: _text(said[field]) for field, name in PROVENANCE.items()}


def utc_text(moment: datetime | None) -> str | None:
    """Return a moment of UTC in ISO 8601."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={each}" for name, each in value.items())
    return str(value or "")


def _names(column: str) -> set[str]:
    """Return the metrics that a column may be named for, as `plays` by `play_count`."""
    bare = column.removeprefix(_BEFORE)
    names = {bare} | {bare.removesuffix(text) for text in _BEHIND}
    return names | {f"{name.removesuffix('_count')}s" for name in names if name.endswith("_count")}


@lru_cache(maxsize=1024)
def _together(versions: tuple[tuple[str, str], ...]) -> str | None:
    if len(versions) <= 1:
        return versions[0][1] if versions else None
    text = " ".join(f"{name} {version}" for name, version in versions)
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
