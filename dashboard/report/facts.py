"""What a report says, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dashboard.report.weeks import Week


@dataclass(frozen=True)
class Figure:
    """A figure of the week, as text, and of the week before; `moved` is None without one."""

    name: str
    value: str
    before: str
    moved: str | None


@dataclass(frozen=True)
class Mover:
    """A show and by how many hours it rose or fell."""

    show_name: str
    hours: float
    hours_before: float


@dataclass(frozen=True)
class Place:
    """A show in a weekly list.

    `rank` is by views, and None for one that has no views among others that have; by hours where
    none has. `rank_before` is None for a show that had none in the last one. Figures that would
    describe too few users are None.
    """

    rank: int | None
    rank_before: int | None
    show_name: str
    views: float | None
    hours: float | None
    plays: int | None
    weeks: int


@dataclass(frozen=True)
class Curve:
    """How much of its audience a show holds at each hundredth, over all its plays so far."""

    show_name: str
    is_new: bool
    basis: str
    plays: int
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Restated:
    """A day of the week that a later release said otherwise."""

    day: date
    release_id: int
    causes: str
    plays: tuple[int, int]
    hours: tuple[float, float]


@dataclass(frozen=True)
class Facts:
    """All that a report says. None stands for what the release is too old to know."""

    week: Week
    release_id: int
    data_as_of: str
    smallest_group: int
    figures: tuple[Figure, ...]
    days: tuple[float, ...]
    """Hours of the seven days, from the first on."""
    days_before: tuple[float, ...] | None
    movers: tuple[Mover, ...] | None
    lists: Mapping[str, tuple[Place, ...]] | None
    curves: tuple[Curve, ...] | None
    landed: Mapping[str, int]
    """Records that landed in the week by what became of them."""
    landed_ever: Mapping[str, int]
    reasons: tuple[tuple[str, int, int], ...]
    """Reason, records of it that landed in the week, and ever."""
    restated: tuple[Restated, ...] | None
