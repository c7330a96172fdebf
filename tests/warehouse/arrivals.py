"""Made-up arrivals: viewing as it happened, cut into files that come in any order, and builds.

Everything follows from a seed. Times and durations are coarse, so that gaps of exactly the
session gap, plays across midnight and equal events are frequent; names are few, so that they
collide; and files hold two columns for a name, so that a mended mapping changes what they say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal

from ingest.mappings import Mapping as FileMapping
from tests.warehouse.lake import OPENED_AT, Lake, Row

_FIRST_DAY: Final = datetime(2026, 3, 2)  # noqa: DTZ001 - UTC, as the files have it: without zone
_NAMES: Final = ("Alpha", "alpha ", "ALPHA", "Beta", "beta", "Gamma", "Eps  ilon", "Epsilon")
_MINUTES: Final = ("0", "1", "0.5", "5", "20", "25", "30", "35", "45", "90", "150")
_ZONES: Final = ("UTC", "Asia/Kolkata", "America/New_York")

Build = Literal["published", "unpublished", "dies"]
Selected = Literal["core", "full"]


@dataclass(frozen=True)
class Step:
    """What a build finds landed, and how it goes; a dying one leaves out `left_out`."""

    landings: tuple["Landing", ...]
    build: Build
    selection: Selected
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Landing:
    """One file and its mapping. Without rows it is one that landed before, or is replayed."""

    stream: str
    name: str
    mapping: FileMapping
    landed_at: datetime
    rows: tuple[Row, ...] = ()
    torn: tuple[str, ...] = ()
    is_replay: bool = False

    def onto(self, lake: Lake) -> None:
        """Land it."""
        if self.is_replay:
            lake.replay(self.name, mapping=self.mapping, landed_at=self.landed_at)
        elif self.rows:
            lake.land(
                self.stream,
                self.rows,
                name=self.name,
                mapping=self.mapping,
                torn=self.torn,
                landed_at=self.landed_at,
            )
        else:
            lake.land_file(self.stream, self.name, mapping=self.mapping, landed_at=self.landed_at)


class Arrivals:
    """All that happens to one home."""

    def __init__(self, seed: int, models: list[str]) -> None:
        """Draw everything from `seed`; builds that die skip some of `models`."""
        self._random = Random(seed)  # noqa: S311 - chance, not secrecy
        self._models = models
        self._landed: list[Landing] = []
        self._users = "abcdefg"[: self._random.choice((1, 4, 7))]
        self.variables: Mapping[str, str | int] = {
            "reporting_time_zone": _ZONES[seed % len(_ZONES)],
            # Short enough for what was watched weeks before, and for few users.
            "experiment_before_days": 20,
            "experiment_min_users": 1,
            # From every day to those weeks before the others.
            "settled_after_days": (20, 1, 2, 0)[seed % 4],
        }

    def steps(self, count: int) -> Iterator[Step]:
        """Yield the steps; the last one is published."""
        draw = self._random
        told = self._told(draw.randrange(60, 200))
        files = list(self._cut(told))
        for number in range(count):
            landings = []
            for _ in range(draw.choice((1, 1, 2, 3))):
                landing = self._landing(files)
                landings.append(landing)
                self._landed.append(landing)
            builds: tuple[Build, ...] = ("published", "unpublished", "dies")
            build = draw.choices(builds, (6, 2, 2))[0] if number < count - 1 else "published"
            selection: Selected = "full" if build == "dies" else draw.choice(("core", "full"))
            left_out = self._left_out() if build == "dies" else ()
            yield Step(tuple(landings), build, selection, left_out)

    def _landing(self, files: list[list[Row]]) -> Landing:
        draw = self._random
        kind = draw.random()
        number = len(self._landed)
        landed_at = OPENED_AT + timedelta(minutes=draw.randrange(1_000))
        if self._landed and kind < 0.25:
            before = draw.choice(self._landed)
            mapping = self._mapping(before.stream)
            is_replay = draw.random() < 0.4
            return Landing(before.stream, before.name, mapping, landed_at, is_replay=is_replay)
        if files and kind < 0.7:
            torn = tuple("torn" for _ in range(draw.choice((0, 0, 2))))
            rows = tuple(files.pop())
            mapping = self._mapping("watch_events")
            return Landing("watch_events", f"events-{number}", mapping, landed_at, rows, torn)
        stream, rows = ("catalog", self._catalog()) if kind < 0.9 else ("users", self._accounts())
        return Landing(stream, f"{stream}-{number}", self._mapping(stream), landed_at, rows)

    def _told(self, count: int) -> list[Row]:
        """Return what producers send about `count` events: repeats and corrections, shuffled."""
        draw = self._random
        told: list[dict[str, str | None]] = []
        for number in range(count):
            event = self._event(number)
            told.append(event)
            while draw.random() < 0.3:
                again = dict(event)
                for change in draw.choices(("longer", "show", "start", "user", "none"), k=2):
                    self._correct(again, change)
                told.append(again)
        draw.shuffle(told)
        return [dict(event) for event in told]

    def _event(self, number: int) -> dict[str, str | None]:
        draw = self._random
        # Weeks before the others, and most of them in four evenings and nights.
        day = draw.choice((-21, -20, 0, 0, 0, 1, 1, 2, 2, 3))
        start = _FIRST_DAY + timedelta(days=day, minutes=5 * draw.randrange(228, 324))
        title = draw.choice(_NAMES)
        is_episode = draw.random() < 0.4
        event: dict[str, str | None] = {
            "event_id": str(number) if draw.random() < 0.6 else None,
            "user_id": draw.choice(self._users),
            "show_id": draw.choice(("s1", "s2", "zz")) if draw.random() < 0.1 else None,
            "title": title,
            "original_title": draw.choice(_NAMES) if draw.random() < 0.3 else title,
            "season": "1" if is_episode else None,
            "episode": str(draw.randrange(1, 5)) if is_episode else None,
            "runtime_minutes": "50" if draw.random() < 0.1 else None,
            "when": f"{start:%Y-%m-%d %H:%M}",
            "minutes": draw.choice(_MINUTES),
            "device": draw.choice(("tv", None)),
            "experiment": "e" if day >= 0 and number % 4 else None,
            "variant": ("a", "b", "b", None)[number % 7 % 4],
        }
        if draw.random() < 0.05:
            event[draw.choice(("user_id", "title", "when", "minutes"))] = draw.choice(
                (None, "-5", "soon")
            )
        return event

    def _correct(self, event: dict[str, str | None], change: str) -> None:
        draw = self._random
        if change == "longer":
            event["minutes"] = draw.choice(("46", "91", "200"))
        elif change == "show":
            event["title"] = draw.choice(_NAMES)
        elif change == "start":
            start = _FIRST_DAY + timedelta(minutes=5 * draw.randrange(0, 1_000))
            event["when"] = f"{start:%Y-%m-%d %H:%M}"
        elif change == "user":
            event["user_id"] = draw.choice(self._users)

    def _cut(self, told: list[Row]) -> Iterator[list[Row]]:
        while told:
            size = self._random.choice((1, 3, 10, 25, 60))
            yield told[:size]
            told = told[size:]

    def _catalog(self) -> tuple[Row, ...]:
        draw = self._random
        rows: list[Row] = []
        for show_id, name in (("s1", "Alpha"), ("s2", "Beta"), ("s3", "Gamma"), ("s4", "Beta")):
            if draw.random() < 0.3:
                continue
            for episode in (None, *draw.sample("1234", 2)):
                updated = _FIRST_DAY + timedelta(days=draw.randrange(9))
                rows.append(
                    {
                        "show_id": show_id,
                        "title": name,
                        "original_title": draw.choice(_NAMES),
                        "aliases": draw.choice((None, "Epsilon", "Gamma|Delta")),
                        "genres": draw.choice((None, "Drama, Crime")),
                        "season": episode and "1",
                        "episode": episode,
                        "runtime_minutes": draw.choice(("50", "100", None, "long")),
                        "updated_at": f"{updated:%Y-%m-%d}" if draw.random() < 0.9 else None,
                    }
                )
        return tuple(rows) or self._catalog()

    def _accounts(self) -> tuple[Row, ...]:
        draw = self._random
        return tuple(
            {
                "user_id": user,
                "country": draw.choice(("DE", "FR")),
                "plan": draw.choice(("basic", "family")),
                "signed_up_on": draw.choice(("2025-01-01", "soon")),
            }
            for user in draw.sample("abcdefgxy", 4)
        )

    def _mapping(self, stream: str) -> FileMapping:
        """Return a mapping: most often the same one, sometimes another reading of the file."""
        draw = self._random
        if stream == "users":
            mended = {"columns": {"plan": "country", "country": "plan"}}
            return FileMapping(**(mended if draw.random() < 0.3 else {}))  # type: ignore[arg-type]
        title = "title" if draw.random() < 0.7 else "original_title"
        if stream == "catalog":
            return FileMapping(columns={"show_name": title})
        duration = "minutes" if draw.random() < 0.85 else "seconds"
        return FileMapping(
            source="default" if draw.random() < 0.85 else "other",
            columns={
                "show_name": title,
                "watch_date": "when",
                f"watch_duration_{duration}": "minutes",
            },
            time_zone="UTC" if draw.random() < 0.8 else "Europe/Berlin",
            drop=["event_id"] if draw.random() < 0.15 else [],
        )

    def _left_out(self) -> tuple[str, ...]:
        """Return what a failure leaves undone: models, most often with all that needs them."""
        draw = self._random
        models = draw.sample(self._models, draw.choice((1, 2, 4)))
        return tuple(model + draw.choice(("+", "+", "")) for model in models)
