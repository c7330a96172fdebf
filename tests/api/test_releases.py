"""Releases follow each other while clients read: no error, and every answer is of one release."""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import httpx
import pytest

from api.marts import PATHS as MART_PATHS
from tests.api.conftest import Service
from tests.warehouse.workshop import Project, Workshop
from watchhouse.collection import collect
from watchhouse.layout import Home
from watchhouse.locks import builder_lock

CLIENTS = 8
LIMIT = 600.0
"""Seconds for all releases: 50 take 190 on two cores that others use, too."""
FULL_EVERY = 5
"""As `watchhouse run` does it: most releases are of the core marts, on top of the one before."""
HOURS = 3_600_000_000
# Each release bears its number in four marts: as hours of a play and of a user's day, and in names.
NUMBERED = """
    update marts.fct_plays set watched_microseconds = {number} * {hours};
    update marts.fct_user_days set watched_microseconds = {number} * {hours};
    update marts.fct_show_days set watched_microseconds = {number} * {hours} * play_count;
    update marts.dim_shows set show_name = 'Show {number}';
    insert into intermediate.int_changed_days
        select distinct activity_date from marts.fct_user_days
        union select distinct started_date from marts.fct_plays;
    insert into history.rewritten_days
        select distinct 'fct_plays', started_date from marts.fct_plays;
    update history.last_run set invocation_id = 'run-{number}', selection = '{selection}';
"""


def numbers_of_analytics(found: dict[str, Any]) -> set[int]:
    names = {int(show["show_name"].removeprefix("Show ")) for show in found["top_shows"]}
    # Eight users on ten days.
    return names | {round(found["total_hours"] / 80)}


def numbers_of_show(found: dict[str, Any]) -> set[int]:
    plays = 80
    return {int(found["show_name"].removeprefix("Show ")), round(found["total_hours"] / plays)}


def numbers_of_shows(found: dict[str, Any]) -> set[int]:
    return {int(show["show_name"].removeprefix("Show ")) for show in found["items"]}


def numbers_of_query(found: dict[str, Any]) -> set[int]:
    names = {int(row["show_name"].removeprefix("Show ")) for row in found["items"]}
    return names | {round(row["hours_viewed"] / row["plays"]) for row in found["items"]}


def numbers_of_days(found: dict[str, Any]) -> set[int]:
    return {row["watched_microseconds"] // (HOURS * row["play_count"]) for row in found["items"]}


def numbers_of_user(found: dict[str, Any]) -> set[int]:
    return {round(found["total_hours"] / len(found["recent_activity"]))}


def numbers_of_mart(found: dict[str, Any]) -> set[int]:
    """Nothing in its rows is numbered."""
    return {found["release"]}


def publish(workshop: Workshop, number: int) -> None:
    selection = "core" if number % FULL_EVERY else "full"
    with duckdb.connect(str(workshop.home.build_database)) as connection:
        connection.execute(NUMBERED.format(number=number, hours=HOURS, selection=selection))
    assert workshop.publish(strictly=False) == number
    with builder_lock(workshop.home.builder_lock, timeout=0):
        # What nobody reads any more goes at once.
        collect(workshop.home, keep=1, grace=timedelta(0), now=datetime.now(UTC))


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_every_answer_is_of_one_release(
    published: Path,
    project: Project,
    home: Home,
    serve: Callable[..., Service],
    count: int,
) -> None:
    shutil.copytree(published, home.root, symlinks=True)
    workshop = Workshop(home, project, {})
    publish(workshop, 2)
    service = serve()
    with service.client() as client:
        shows = client.get("/analytics").json()["top_shows"]
    dark = max(shows, key=lambda show: show["plays"])["show_id"]
    paths: dict[str, Callable[[dict[str, Any]], set[int]]] = {
        "/analytics": numbers_of_analytics,
        f"/shows/{dark}/analytics": numbers_of_show,
        "/v1/shows": numbers_of_shows,
        "/v1/metrics/query?metrics=hours_viewed,plays&dimensions=show_name": numbers_of_query,
        f"/v1/shows/{dark}/days": numbers_of_days,
        "/users/u0/analytics": numbers_of_user,
        **dict.fromkeys(("/v1/users/u0", "/v1/quality", "/v1/quarantine"), numbers_of_mart),
    }
    for mart in MART_PATHS:
        paths.setdefault(mart.path.format(show_id=dark), numbers_of_mart)
    is_over = Event()

    def read(client: httpx.Client) -> Counter[int]:
        """Ask until all are published and once more; return how many answers were of each."""
        seen: Counter[int] = Counter()
        latest = 0
        is_last = False
        while not is_last:
            is_last = is_over.is_set()
            for path, numbers in paths.items():
                answer = client.get(path)
                assert answer.status_code == 200, answer.text
                found = answer.json()
                assert numbers(found) == {found["release"]}, (path, found)
                assert answer.headers["watchhouse-release"] == str(found["release"])
                assert found["release"] >= latest, "went back"
                latest = found["release"]
                seen[latest] += 1
        assert latest == count + 2
        return seen

    with ThreadPoolExecutor(CLIENTS) as pool, service.client() as client:
        reading = [pool.submit(read, client) for _ in range(CLIENTS)]
        try:
            deadline = time.monotonic() + LIMIT
            for number in range(3, count + 3):
                publish(workshop, number)
                assert time.monotonic() < deadline, f"{number} of {count} releases in time"
        finally:
            is_over.set()
        seen = sum((each.result() for each in reading), Counter[int]())
    assert len(seen) > count // 2
