"""Which show, and which episode of it, a user watches next."""

from typing import Final

import numpy as np

from watchhouse.simulation.population import FAVOURITES
from watchhouse.simulation.rows import Flags, Integers
from watchhouse.simulation.world import Popularity, World

_SERIES_SHARE: Final = 0.55
_SERIES_SHARE_PER_PLAY: Final = 0.06
_LONGEST_SITTING: Final = 6
_FAVOURITE: Final = 0.75
_ASIDE: Final = 0.10
_SAME_AGAIN: Final = 0.05
_NEXT_EPISODE: Final = 0.92
_FROM_THE_START: Final = 0.75


def choose_shows(
    rng: np.random.Generator,
    popularity: Popularity,
    favourites: Integers,
    session: Integers,
    place: Integers,
) -> Integers:
    """Return the show of each play.

    `favourites` has a row per session. Long sittings are mostly one series, often a favourite,
    with something else now and then; short ones are often a film.
    """
    plays, sessions = len(session), len(favourites)
    sitting = np.minimum(np.bincount(session), _LONGEST_SITTING)
    is_series = rng.random(sessions) < _SERIES_SHARE + _SERIES_SHARE_PER_PLAY * (sitting - 1)
    favourite = favourites[np.arange(sessions), rng.integers(0, FAVOURITES, sessions)]
    series = np.where(
        rng.random(sessions) < _FAVOURITE, favourite, popularity.draw_series(rng, sessions)
    )
    aside = np.where(
        rng.random(plays) < _SERIES_SHARE,
        popularity.draw_series(rng, plays),
        popularity.draw_films(rng, plays),
    )
    show = np.where(is_series[session], series[session], popularity.draw_films(rng, plays))
    show = np.where(rng.random(plays) < _ASIDE, aside, show)
    is_same = (rng.random(plays) < _SAME_AGAIN) & (place > 0)
    return show[np.maximum.accumulate(np.where(is_same, 0, np.arange(plays)))]


def choose_items(
    rng: np.random.Generator,
    world: World,
    show: Integers,
    *,
    by: tuple[Integers, Integers],
) -> Integers:
    """Return the item of each play: a user goes on where they were in a series.

    `by` is the user of each play and the start of its session. Most begin a series at its first
    episode; sometimes an episode is seen again; after the last one it starts over.
    """
    user, opened = by
    catalog = world.catalog
    plays = len(show)
    order = np.lexsort((opened, show, user))
    is_first = _changes(user[order]) | _changes(show[order])
    begun = np.where(
        rng.random(plays) < _FROM_THE_START, 0, rng.integers(0, catalog.item_count[show[order]])
    )
    steps = np.cumsum((rng.random(plays) < _NEXT_EPISODE) & ~is_first)
    group = np.cumsum(is_first) - 1
    heads = np.flatnonzero(is_first)
    reached = begun[heads][group] + steps - steps[heads][group]
    index = np.empty(plays, dtype=np.int64)
    index[order] = reached % catalog.item_count[show[order]]
    is_untold = rng.random(plays) < world.scenario.rates.without_episode_ids
    return np.where(is_untold, catalog.bare_item[show], catalog.first_item[show] + index)


def _changes(values: Integers) -> Flags:
    """Tell where a value differs from the one before it; the first always does."""
    return np.concatenate([[True], values[1:] != values[:-1]])
