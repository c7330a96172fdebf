"""One published release of known plays for every page, and one with nothing in it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.releases import publish_events
from tests.sharing import made_once
from tests.warehouse.workshop import Project, parse_project
from watchhouse.layout import Home

APP = Path(__file__).parents[2] / "dashboard" / "app.py"
FIRST = datetime(2026, 1, 5, 20, tzinfo=UTC)


def plays() -> list[dict[str, str]]:
    """Return plays of 29 days from a Monday on: eight users, an hour of Dark each day, on tv in DK.

    On the last fourteen whole days five of them also watch half an hour of Moon, on a phone in DE.
    """
    found = []
    for day in range(29):
        moment = FIRST + timedelta(days=day)
        found += [play(user, "Dark", moment, 60, "series", "tv", "DK") for user in range(8)]
        if 14 <= day < 28:
            later = moment + timedelta(hours=2)
            found += [play(user, "Moon", later, 30, "film", "mobile", "DE") for user in range(5)]
    return found


def play(
    user: int,
    show: str,
    moment: datetime,
    minutes: int,
    content_type: str,
    device: str,
    country: str,
) -> dict[str, str]:
    return {
        "user_id": f"u{user}",
        "show_name": show,
        "watch_date": moment.isoformat(),
        "watch_duration_minutes": str(minutes),
        "runtime_minutes": "60",
        "content_type": content_type,
        "device": device,
        "country": country,
    }


def publish(home: Path, events: list[dict[str, str]], project: Project) -> None:
    """Land events, build and publish them."""
    publish_events(Home(home), events, project, landed_at=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the dbt project, parsed."""
    return parse_project(tmp_path_factory)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Path:
    """Return a home with one release; do not write to it."""
    events = [*plays(), {**plays()[0], "watch_date": ""}]
    return made_once(tmp_path_factory, "watched", lambda folder: publish(folder, events, project))


@pytest.fixture(scope="session")
def without_plays(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Path:
    """Return a home whose release holds no plays."""
    events = [{**plays()[0], "watch_date": ""}]
    return made_once(tmp_path_factory, "unwatched", lambda folder: publish(folder, events, project))


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that draws a page over a home, as the address asks."""

    def draw(home: Path, name: str = "overview", **address: str | list[str]) -> AppTest:
        monkeypatch.setenv("WATCHHOUSE_HOME", str(home))
        monkeypatch.setenv("WATCHHOUSE_SMALLEST_GROUP", "5")
        app = AppTest.from_file(str(APP), default_timeout=60)
        for key, value in address.items():
            app.query_params[key] = value
        if name != "overview":
            app.run()
            app.switch_page(f"app_pages/{name}.py")
        return app.run()

    return draw
