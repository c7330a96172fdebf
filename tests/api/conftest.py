"""A real server in a process of its own, and what became of the events that it accepted."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from ingest.draining import Drainer
from tests.releases import KEY, publish_events
from tests.sharing import made_once
from tests.warehouse.workshop import Project, parse_project
from watchhouse.apikeys import KeyStore
from watchhouse.layout import Home
from watchhouse.ledger import Ledger

REPOSITORY = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Service:
    """A running server; `url` is where."""

    home: Home
    process: "subprocess.Popen[str]"
    url: str
    said: list[str] = field(default_factory=list)
    listener: threading.Thread | None = None

    def client(self, **options: Any) -> httpx.Client:
        """Return a client that knows the address."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; return its exit code."""
        if self.process.poll() is None:
            # Workers die with the process that supervises them, if it has the time to.
            self.process.send_signal(number)
        code = self.process.wait(30)
        if self.listener is not None and self.process.stderr is not None:
            self.listener.join(30)
            self.process.stderr.close()
        return code


def drained(home: Home) -> list[dict[str, Any]]:
    """Drain the spool; return every event of the lake, as landed."""
    Drainer(home).drain(now=datetime.now(UTC))
    return landed(home)


def landed(home: Home) -> list[dict[str, Any]]:
    """Return every event of the lake, found through the ledger."""
    ledger = Ledger(home)
    ledger.refresh()
    paths = [str(home.root / file.path) for entry in ledger.entries() for file in entry.files]
    if not paths:
        return []
    found = duckdb.sql(
        "from read_parquet($paths, hive_partitioning = false) order by source_uri, source_position",
        params={"paths": paths},
    )
    names = found.columns
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def make_key(home: Home, *scopes: str) -> dict[str, str]:
    """Make an API key; return the header that bears it."""
    key = KeyStore(home.api_keys).create(name="test", scopes=scopes, now=NOW)
    return {"Authorization": f"Bearer {key}"}


def event(user: str, show: str, day: int, **more: str) -> dict[str, str]:
    """Return a play of an hour in November, at noon."""
    return {
        "user_id": user,
        "show_name": show,
        "watch_date": f"2026-10-{day:02}T12:00:00Z",
        "watch_duration_minutes": "60",
        "country": "DK",
    } | more


# Eight watch Dark on ten days; one alone watches Solo; and a name that has a slash.
EVENTS = [
    *(event(f"u{user}", "Dark", day) for user in range(8) for day in range(11, 21)),
    *(event("u0", "Solo", day, watch_date=f"2026-10-{day}T20:00:00Z") for day in range(11, 14)),
    event("u1", "NCIS/LA", 15, watch_date="2026-10-15T20:00:00Z", runtime_minutes="80"),
    event("u2", "Dark", 16, watch_date=""),
]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the dbt project, parsed."""
    return parse_project(tmp_path_factory)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Path:
    """Return a home with one release; do not write to it."""

    def publish(folder: Path) -> None:
        landed_at = datetime(2026, 11, 1, tzinfo=UTC)
        publish_events(Home(folder), EVENTS, project, landed_at=landed_at)

    return made_once(tmp_path_factory, "published", publish)


@pytest.fixture
def reading(published: Path, home: Home, serve: Callable[..., Service]) -> Callable[..., Service]:
    """Return a function that starts a server over a release, in a home of the test's own."""
    home.root.mkdir()
    (home.root / "releases").symlink_to(published / "releases")
    (home.root / "current").symlink_to((published / "current").readlink())
    return serve


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home in which nothing was ever written."""
    return Home(tmp_path / "home")


@pytest.fixture
def serve(home: Home, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Return a function that starts a server on a port of its own."""
    services: list[Service] = []

    def start(
        *arguments: str, variables: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> Service:
        process = subprocess.Popen(
            [
                *(*prefix, sys.executable, "-m", "watchhouse", "serve", "--only", "api"),
                *("--api-port", "0", *arguments),
            ],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(REPOSITORY),
                "WATCHHOUSE_HOME": str(home.root),
                "WATCHHOUSE_PSEUDONYM_KEY": KEY,
                **(variables or {}),
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        said = []
        url = None
        for line in process.stderr:
            said.append(line)
            if match := re.match(r"(http://\S+)", line):
                url = match[1]
                break
        if url is None:
            process.wait(30)
            process.stderr.close()
        assert url is not None, "".join(said)
        # What it says later must not fill the pipe.
        listener = threading.Thread(target=lambda: said.extend(process.stderr or ()))
        listener.start()
        service = Service(home, process, url, said, listener)
        services.append(service)
        return service

    yield start
    for service in services:
        service.stop()


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    """Return a running server."""
    return serve()
