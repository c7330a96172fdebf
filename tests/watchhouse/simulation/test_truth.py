"""The truth against a deliberately naive reader of the written files.

The reader below shares nothing with the simulator: it reads text, one record at a time, with the
standard library, and applies the rules as the documentation words them.
"""

import csv
import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from watchhouse.simulation.scenario import Rates, Scenario
from watchhouse.simulation.writing import simulate

DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?")
MINUTE = 60_000_000

HEADER = [
    "user_id",
    "event_id",
    "show_name",
    "show_id",
    "content_type",
    "season",
    "episode",
    "watch_date",
    "watch_duration_minutes",
    "device",
    "country",
    "profile_id",
    "position_start_seconds",
    "position_end_seconds",
]

DIRTY = Rates(
    malformed=0.02,
    invalid=0.1,
    redelivered=0.05,
    repeated_without_id=0.03,
    corrected=0.05,
    late=0.05,
    without_event_id=0.3,
    respelled=0.2,
    without_episode_ids=0.1,
)
SCENARIOS = {
    "as usual": Scenario(events=20_000, users=400, seed=3),
    "json": Scenario(
        events=20_000, users=400, seed=4, file_format="ndjson", files=7, event_ids="uuid"
    ),
    "dirty": Scenario(events=15_000, users=200, seed=5, rates=DIRTY),
    "dirty json": Scenario(events=15_000, users=200, seed=6, rates=DIRTY, file_format="ndjson"),
    "clean": Scenario(events=5_000, users=100, seed=7, rates=Rates().clean()),
    "crowded": Scenario(events=20_000, users=3, days=2, files=2, seed=8, rates=DIRTY),
    "one event": Scenario(events=1, users=1, days=1, files=1, seed=9),
    "more users than events": Scenario(events=50, users=500, days=3, files=3, seed=10),
    "several chunks": Scenario(events=600, users=200_001, days=5, files=2, seed=11),
}


@dataclass(frozen=True)
class Event:
    """A row that passed the rules."""

    user: str
    event_id: str
    show_id: str
    name: str
    episode: tuple[str, str]
    start: datetime
    microseconds: int
    file: int

    @property
    def end(self) -> datetime:
        """When the play ended."""
        return self.start + timedelta(microseconds=self.microseconds)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What two rows share that tell of the same event."""
        if self.event_id:
            return (self.event_id,)
        show = ("id", self.show_id) if self.show_id else ("name", self.name)
        return (self.user, show, self.episode, self.start, self.microseconds)


class Catalogue:
    """Names, runtimes and ids of catalog.csv."""

    def __init__(self, path: Path) -> None:
        """Read the file, in which no item may occur twice."""
        claims = defaultdict(set)
        self.runtimes: dict[tuple[str, tuple[str, str]], int] = {}
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                key = (row["show_id"], (row["season"], row["episode"]))
                assert key not in self.runtimes
                self.runtimes[key] = int(row["runtime_minutes"])
                for name in [row["show_name"], *row["aliases"].split("|")]:
                    claims[normal(name)].add(row["show_id"])
        self.ids = {name: next(iter(ids)) for name, ids in claims.items() if len(ids) == 1}

    def show(self, event: Event) -> tuple[str, str]:
        """Return ("id", show_id), or ("name", normalised name) for a show without one."""
        show_id = event.show_id or self.ids.get(event.name, "")
        return ("id", show_id) if show_id else ("name", event.name)


def normal(name: str) -> str:
    """Return the form in which names are compared."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip().casefold()


def split_csv(line: str) -> dict[str, str] | str:
    """Return the fields of a line, or why it has none."""
    try:
        (values,) = csv.reader([line], strict=True)
    except csv.Error:
        return "invalid_quoting"
    if len(values) != len(HEADER):
        return "column_count"
    return dict(zip(HEADER, values, strict=True))


def split_json(line: str) -> dict[str, str] | str:
    """Return the fields of an object, as text, or why there are none."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str)
    except ValueError:
        return "invalid_json"
    if not isinstance(value, dict):
        return "not_an_object"
    return {name: "" if item is None else item for name, item in value.items()}


def records(folder: Path, truth: dict[str, Any]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Yield the file's number and each record, or the reason why it is none."""
    splitters: dict[str, Callable[[str], dict[str, str] | str]] = {
        "csv": split_csv,
        "ndjson": split_json,
    }
    split = splitters[truth["scenario"]["format"]]
    for number, file in enumerate(truth["files"]):
        lines = (folder / file["path"]).read_bytes().split(b"\n")
        assert lines.pop() == b""
        if split is split_csv:
            assert lines.pop(0).decode() == ",".join(HEADER)
        assert len(lines) == file["records"]
        for line in lines:
            try:
                yield number, split(line.decode())
            except UnicodeDecodeError:
                yield number, "invalid_utf8"


def judge(row: dict[str, str], file: int) -> Event | set[str]:
    """Return the event, or every reason why the row is not one."""
    reasons = set()
    row = defaultdict(str, row)
    reasons |= {
        f"missing_{name}" for name in ("user_id", "show_name", "watch_date") if blank(row[name])
    }
    start, microseconds = datetime(2000, 1, 1, tzinfo=UTC), 0
    if not blank(row["watch_date"]):
        try:
            assert DATE.fullmatch(row["watch_date"])
            start = datetime.fromisoformat(row["watch_date"].removesuffix("Z")).replace(tzinfo=UTC)
        except (AssertionError, ValueError):
            reasons.add("unparseable_watch_date")
        if start > datetime(2500, 1, 1, tzinfo=UTC):
            reasons.add("watch_date_in_future")
        if start < datetime(1990, 1, 1, tzinfo=UTC):
            reasons.add("watch_date_too_early")
    if blank(row["watch_duration_minutes"]):
        reasons.add("missing_watch_duration")
    else:
        try:
            exact = Decimal(row["watch_duration_minutes"]) * MINUTE
        except InvalidOperation:
            exact = Decimal(0)
            reasons.add("unparseable_watch_duration")
        microseconds = int(exact)
        assert microseconds == exact
        if microseconds < 0:
            reasons.add("negative_watch_duration")
        if microseconds > 1440 * MINUTE:
            reasons.add("watch_duration_too_long")
    positions = row["position_start_seconds"], row["position_end_seconds"]
    if all(positions) and int(positions[1]) < int(positions[0]):
        reasons.add("positions_out_of_order")
    return reasons or Event(
        user=row["user_id"],
        event_id=row["event_id"],
        show_id=row["show_id"],
        name=normal(row["show_name"]),
        episode=(row["season"], row["episode"]),
        start=start,
        microseconds=microseconds,
        file=file,
    )


def blank(text: str) -> bool:
    """Tell whether nothing was given."""
    return not text.strip()


def sessions_of(plays: list[Event]) -> list[list[Event]]:
    """Cut one user's plays into sessions."""
    sessions: list[list[Event]] = []
    latest = datetime.min.replace(tzinfo=UTC)
    for play in sorted(plays, key=lambda play: play.start):
        if not sessions or play.start - latest > timedelta(minutes=30):
            sessions.append([])
        sessions[-1].append(play)
        latest = max(latest, play.end)
    return sessions


def is_binge(session: list[Event], catalogue: Catalogue) -> bool:
    """Tell whether much of one show was watched."""
    by_show = defaultdict(list)
    for play in session:
        by_show[catalogue.show(play)].append(play)
    for plays in by_show.values():
        episodes = {play.episode for play in plays if all(play.episode)}
        if len(episodes) >= 3:
            return True
        if not episodes and sum(play.microseconds for play in plays) >= 120 * MINUTE:
            return True
    return False


def read(folder: Path, truth: dict[str, Any]) -> dict[str, Any]:
    """Compute from the files what the truth claims."""
    catalogue = Catalogue(folder / "catalog.csv")
    scenario = truth["scenario"]
    rejected: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    count: Counter[str] = Counter()
    kept: dict[tuple[Any, ...], Event] = {}
    for file, record in records(folder, truth):
        count["records"] += 1
        if isinstance(record, str):
            rejected[record] += 1
            continue
        event = judge(record, file)
        if isinstance(event, set):
            count["quarantined"] += 1
            reasons.update(event)
            continue
        count["passed"] += 1
        day = (event.start.date() - date.fromisoformat(scenario["start_date"])).days
        own = min(day, scenario["days"] - 1) * scenario["files"] // scenario["days"]
        count["late_events"] += file > own
        rival = kept.get(event.identity)
        if rival is None or rival.microseconds < event.microseconds:
            kept[event.identity] = event
    plays = [event for event in kept.values() if event.microseconds]
    by_user = defaultdict(list)
    hours: Counter[tuple[str, str]] = Counter()
    by_show: Counter[tuple[str, str]] = Counter()
    for play in plays:
        by_user[play.user].append(play)
        show = catalogue.show(play)
        by_show[show] += 1
        hours[show] += play.microseconds
        runtime = catalogue.runtimes.get((show[1], play.episode)) if show[0] == "id" else None
        count["plays_with_known_runtime"] += runtime is not None
        count["complete_plays"] += (
            runtime is not None and play.microseconds * 10 >= runtime * MINUTE * 9
        )
    sessions = [session for plays in by_user.values() for session in sessions_of(plays)]
    starts = sorted(play.start for play in plays)
    days = Counter(start.date().isoformat() for start in starts)
    return {
        "records": count["records"],
        "rejected": sum(rejected.values()),
        "rejected_by_reason": dict(rejected),
        "landed": count["quarantined"] + count["passed"],
        "quarantined": count["quarantined"],
        "quarantined_by_reason": dict(reasons),
        "duplicates": count["passed"] - len(kept),
        "valid": len(kept),
        "zero_minute_events": len(kept) - len(plays),
        "late_events": count["late_events"],
        "plays": len(plays),
        "valid_plays": sum(play.microseconds >= MINUTE // 2 for play in plays),
        "distinct_users": len(by_user),
        "distinct_shows": len(by_show),
        "user_days": len({(play.user, play.start.date()) for play in plays}),
        "watched_microseconds": sum(hours.values()),
        "hours_viewed": sum(hours.values()) / 3.6e9,
        "sessions": len(sessions),
        "binge_sessions": sum(is_binge(session, catalogue) for session in sessions),
        "plays_with_known_runtime": count["plays_with_known_runtime"],
        "complete_plays": count["complete_plays"],
        "first_started_at": starts[0].strftime("%Y-%m-%dT%H:%M:%SZ") if starts else None,
        "last_started_at": starts[-1].strftime("%Y-%m-%dT%H:%M:%SZ") if starts else None,
        "plays_by_day": dict(days),
        "top_shows": [(show, by_show[show], total) for show, total in hours.most_common(10)],
    }


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_naive_reader_finds_the_truth(tmp_path: Path, scenario: Scenario) -> None:
    simulate(scenario, tmp_path)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    found = read(tmp_path, truth)
    claimed = {name: truth[name] for name in found}
    claimed["top_shows"] = [
        (
            ("id", show["show_id"]) if show["show_id"] else ("name", normal(show["show_name"])),
            show["play_count"],
            show["watched_microseconds"],
        )
        for show in truth["top_shows"]
    ]
    # Shows with equal hours may come in either order.
    assert sorted(found.pop("top_shows")) == sorted(claimed.pop("top_shows"))
    assert found == claimed


def test_every_figure_is_checked_and_defined(tmp_path: Path) -> None:
    truth = simulate(SCENARIOS["one event"], tmp_path)
    about = {"is_complete", "scenario", "files", "catalog", "users", "definitions"}
    assert set(truth) - about == set(truth["definitions"]) == set(read(tmp_path, truth))


def test_repeats_are_told_from_what_only_looks_alike(tmp_path: Path) -> None:
    """Rows without an id that agree in all but one of the values that make an event."""
    truth = simulate(SCENARIOS["dirty"], tmp_path)
    rows = [row for _, row in records(tmp_path, truth) if isinstance(row, dict)]
    events = [event for row in rows if isinstance(event := judge(row, 0), Event)]
    identities = {event.identity for event in events if not event.event_id}
    users: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for identity in identities:
        users[identity[0]].append(identity)
    differing: Counter[int] = Counter()
    for own in users.values():
        for one, other in combinations(own, 2):
            differs = [n for n in range(1, 5) if one[n] != other[n]]
            if len(differs) == 1:
                differing[differs[0]] += 1
    assert all(differing[part] for part in range(1, 5))
