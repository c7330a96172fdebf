"""What a simulation is set in: the scenario, the shows, and which of them are popular."""

from dataclasses import dataclass

import numpy as np

from watchhouse.simulation.catalog import Catalog, load_catalog
from watchhouse.simulation.chance import Floats, cumulative, draw
from watchhouse.simulation.rows import Integers
from watchhouse.simulation.scenario import Scenario


@dataclass(frozen=True, kw_only=True)
class Popularity:
    """Cumulative shares of views, by a long tail: few shows have most of them."""

    films: Integers
    film_shares: Floats
    series: Integers
    series_shares: Floats

    def draw_films(self, rng: np.random.Generator, count: int) -> Integers:
        """Return the numbers of `count` films, the popular ones more often."""
        return self.films[draw(rng, self.film_shares, count)]

    def draw_series(self, rng: np.random.Generator, count: int) -> Integers:
        """Return the numbers of `count` series, the popular ones more often."""
        return self.series[draw(rng, self.series_shares, count)]


@dataclass(frozen=True)
class World:
    """All that the events of a scenario depend on, the same for every chunk of them."""

    scenario: Scenario
    catalog: Catalog
    popularity: Popularity


def make_world(scenario: Scenario) -> World:
    """Read the shows and decide which are popular."""
    catalog = load_catalog()
    return World(scenario, catalog, _rank(scenario, catalog))


def _rank(scenario: Scenario, catalog: Catalog) -> Popularity:
    rng = np.random.default_rng([scenario.seed, 0])
    is_film = np.array([show.content_type == "film" for show in catalog.shows])
    films, series = np.flatnonzero(is_film), np.flatnonzero(~is_film)
    # The list of films begins with the better known; chance only blurs that.
    known_first = np.argsort(np.arange(len(films)) / len(films) + rng.random(len(films)))
    return Popularity(
        films=films[known_first],
        film_shares=cumulative(1 / (np.arange(len(films)) + 8.0) ** 0.95),
        series=rng.permutation(series),
        series_shares=cumulative(1 / (np.arange(len(series)) + 3.0) ** 1.05),
    )
