"""Who watches: users with a country, a plan, habits and favourites."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from watchhouse.simulation.chance import Floats, cumulative, draw
from watchhouse.simulation.rows import Integers
from watchhouse.simulation.world import World

COLUMNS: Final = ("user_id", "country", "plan", "signed_up_on")
COUNTRIES: Final = ("GB", "DE", "FR", "ES", "IT", "NL", "SE", "PL", "DK", "IE", "NO", "US", "BR")
DEVICES: Final = ("tv", "mobile", "tablet", "desktop", "console")
PROFILES: Final = ("p1", "p2", "p3", "p4")
_PLANS: Final = ("basic", "standard", "premium", "with_ads")

FAVOURITES: Final = 4

_COUNTRY_SHARES: Final = (22, 18, 12, 9, 8, 6, 5, 5, 3, 3, 3, 4, 2)
_HOURS_AHEAD_OF_UTC: Final = (0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, -5, -3)
_DEVICE_SHARES: Final = (46, 28, 8, 13, 5)
_PLAN_SHARES: Final = (25, 40, 20, 15)
_ACTIVITY_SPREAD: Final = 0.9
_FIRST_SIGN_UP: Final = date(2019, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Population:
    """The users of a chunk, one array entry each; `first` is the number of the first one."""

    first: int
    activity: Floats
    country: Integers
    hours_ahead: Integers
    device: Integers
    plan: Integers
    signed_up: Integers
    favourites: Integers

    def records(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows of `users.csv`, as text, in the order of `COLUMNS`."""
        rows = zip(self.country.tolist(), self.plan.tolist(), self.signed_up.tolist(), strict=True)
        for index, (country, plan, days) in enumerate(rows):
            signed_up_on = _FIRST_SIGN_UP + timedelta(days=days)
            yield (
                user_name(self.first + index),
                COUNTRIES[country],
                _PLANS[plan],
                signed_up_on.isoformat(),
            )


def user_name(number: int) -> str:
    """Return the identifier that a user has in the files."""
    return f"user-{number + 1:07d}"


def populate(world: World, chunk: int) -> Population:
    """Make the users of one chunk."""
    scenario = world.scenario
    rng = np.random.default_rng([scenario.seed, 1, chunk])
    numbers = scenario.share(scenario.users, chunk)
    count = len(numbers)
    country = draw(rng, cumulative(np.array(_COUNTRY_SHARES)), count)
    days = max((scenario.start - _FIRST_SIGN_UP).days, 1)
    favourites = world.popularity.draw_series(rng, count * FAVOURITES).reshape(count, FAVOURITES)
    return Population(
        first=numbers.start,
        activity=rng.lognormal(0.0, _ACTIVITY_SPREAD, count),
        country=country,
        hours_ahead=np.array(_HOURS_AHEAD_OF_UTC)[country],
        device=draw(rng, cumulative(np.array(_DEVICE_SHARES)), count),
        plan=draw(rng, cumulative(np.array(_PLAN_SHARES)), count),
        signed_up=rng.integers(0, days, count),
        favourites=favourites,
    )
