"""The shows that can be watched: real films, invented series, and what the catalogue omits."""

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from watchhouse.simulation.rows import Flags, Integers
from watchhouse.simulation.spelling import normalise, spellings

COLUMNS: Final = (
    "show_id",
    "show_name",
    "aliases",
    "content_type",
    "genres",
    "country",
    "language",
    "released_on",
    "season",
    "episode",
    "runtime_minutes",
    "updated_at",
)

_WEEKS_OF_RELEASE: Final = 40


@dataclass(frozen=True, kw_only=True)
class Show:
    """A film or series; `show_id` is empty where no producer knows one.

    Without `has_episode_ids`, events never say which episode was watched, as with daily
    programmes. `runtime_minutes` is the film's or the usual episode's.
    """

    show_id: str
    name: str
    aliases: tuple[str, ...]
    content_type: str
    genres: str
    country: str
    language: str
    released_on: date
    seasons: int
    episodes_per_season: int
    runtime_minutes: int
    is_catalogued: bool
    has_episode_ids: bool


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that an event can name: a film, an episode, or a series without saying which.

    `season` and `episode` are -1 where not given; `length_minutes` is how long it really is,
    `runtime_minutes` what the catalogue says of exactly this item, or -1.
    """

    show: int
    season: int
    episode: int
    length_minutes: int
    runtime_minutes: int


@dataclass(frozen=True)
class Catalog:
    """Shows and what belongs to each, as arrays indexed by the number of the show.

    Items of a show are consecutive from `first_item`, season by season of `season_length`;
    `bare_item` is the one without an episode.
    Spellings likewise; `spelling_name` is the number of a spelling's normalised name in `names`,
    and `name_show` the one catalogued show that bears that name or alias, or -1 for none or
    several. `item_show` and `lengths` (in minutes) are those of each item.
    """

    shows: tuple[Show, ...]
    items: tuple[Item, ...]
    spellings: tuple[str, ...]
    names: tuple[str, ...]
    first_item: Integers
    item_count: Integers
    bare_item: Integers
    season_length: Integers
    first_spelling: Integers
    spelling_count: Integers
    spelling_name: Integers
    name_show: Integers
    item_show: Integers
    has_id: Flags
    lengths: Integers

    def records(self, updated_at: str) -> Iterator[tuple[str, ...]]:
        """Yield the rows of `catalog.csv`, as text, in the order of `COLUMNS`."""
        for item in self.items:
            show = self.shows[item.show]
            if not show.is_catalogued or item.runtime_minutes < 0:
                continue
            weeks = max(item.episode - 1, 0) % _WEEKS_OF_RELEASE
            years = max(item.season - 1, 0)
            released = show.released_on.replace(year=show.released_on.year + years)
            yield (
                show.show_id,
                show.name,
                "|".join(show.aliases),
                show.content_type,
                show.genres,
                show.country,
                show.language,
                (released + timedelta(weeks=weeks)).isoformat(),
                str(item.season) if item.season >= 0 else "",
                str(item.episode) if item.episode >= 0 else "",
                str(item.runtime_minutes),
                updated_at,
            )


@cache
def load_catalog() -> Catalog:
    """Read the films and series that come with the package."""
    shows = (*_films(), *_series())
    items: list[Item] = []
    first_item, item_count, bare_item = [], [], []
    for number, show in enumerate(shows):
        own = _items(number, show)
        first_item.append(len(items))
        item_count.append(max(len(own) - 1, 1))
        items.extend(own)
        bare_item.append(len(items) - 1)
    variants = [spellings(show.name, show.aliases) for show in shows]
    flat = tuple(spelling for own in variants for spelling in own)
    names = {name: code for code, name in enumerate(dict.fromkeys(normalise(s) for s in flat))}
    counts = np.array([len(own) for own in variants], dtype=np.int64)
    return Catalog(
        shows=shows,
        items=tuple(items),
        spellings=flat,
        names=tuple(names),
        first_item=np.array(first_item, dtype=np.int64),
        item_count=np.array(item_count, dtype=np.int64),
        bare_item=np.array(bare_item, dtype=np.int64),
        season_length=np.array([show.episodes_per_season for show in shows], dtype=np.int64),
        first_spelling=np.cumsum(counts) - counts,
        spelling_count=counts,
        spelling_name=np.array([names[normalise(s)] for s in flat], dtype=np.int64),
        name_show=_owners(shows, names),
        item_show=np.array([item.show for item in items], dtype=np.int64),
        has_id=np.array([bool(show.show_id) for show in shows]),
        lengths=np.array([item.length_minutes for item in items], dtype=np.int64),
    )


def _items(number: int, show: Show) -> list[Item]:
    """Return the episodes of a show, then the item that names no episode.

    A catalogue knows the runtimes of a series' episodes, not of a series as a whole, so a play
    that does not say which episode it was has no known runtime.
    """
    length = show.runtime_minutes
    episodes = []
    if show.content_type == "series" and show.has_episode_ids:
        for index in range(show.seasons * show.episodes_per_season):
            season, episode = divmod(index, show.episodes_per_season)
            minutes = length + (index * 5 + number) % 7 - 3
            runtime = minutes if show.is_catalogued else -1
            episodes.append(
                Item(
                    show=number,
                    season=season + 1,
                    episode=episode + 1,
                    length_minutes=minutes,
                    runtime_minutes=runtime,
                )
            )
    is_known = show.is_catalogued and not episodes
    bare = Item(
        show=number,
        season=-1,
        episode=-1,
        length_minutes=length,
        runtime_minutes=length if is_known else -1,
    )
    return [*episodes, bare]


def _owners(shows: tuple[Show, ...], names: dict[str, int]) -> Integers:
    claims: defaultdict[int, set[int]] = defaultdict(set)
    for number, show in enumerate(shows):
        if show.is_catalogued:
            for name in (show.name, *show.aliases):
                claims[names[normalise(name)]].add(number)
    owners = np.full(len(names), -1, dtype=np.int64)
    for code, claimants in claims.items():
        if len(claimants) == 1:
            owners[code] = next(iter(claimants))
    return owners


def _films() -> Iterator[Show]:
    packed = resources.files(__package__).joinpath("films.csv.gz").read_bytes()
    for row in csv.DictReader(io.StringIO(gzip.decompress(packed).decode())):
        released = date.fromisoformat(row["released_on"])
        yield Show(
            show_id=row["show_id"],
            name=row["show_name"],
            aliases=_aliases(row["show_name"], released.year),
            content_type="film",
            genres=row["genres"],
            country=row["country"],
            language=row["language"],
            released_on=released,
            seasons=1,
            episodes_per_season=1,
            runtime_minutes=int(row["runtime_minutes"]),
            is_catalogued=True,
            has_episode_ids=False,
        )


def _series() -> Iterator[Show]:
    text = resources.files(__package__).joinpath("series.csv").read_text(encoding="utf-8")
    for number, row in enumerate(csv.DictReader(io.StringIO(text))):
        year = int(row["first_year"])
        yield Show(
            show_id=row["show_id"],
            name=row["show_name"],
            aliases=_aliases(row["show_name"], year) if row["is_catalogued"] == "true" else (),
            content_type="series",
            genres=row["genres"],
            country=row["country"],
            language=row["language"],
            released_on=date(year, 1 + number % 12, 1 + number % 28),
            seasons=int(row["seasons"]),
            episodes_per_season=int(row["episodes_per_season"]),
            runtime_minutes=int(row["runtime_minutes"]),
            is_catalogued=row["is_catalogued"] == "true",
            has_episode_ids=row["has_episode_ids"] == "true",
        )


def _aliases(name: str, year: int) -> tuple[str, ...]:
    """Return the other names of a show: with its year, and as libraries file it."""
    article, _, rest = name.partition(" ")
    filed = (f"{rest}, {article}",) if article in {"The", "A"} and rest else ()
    return (f"{name} ({year})", *filed)
