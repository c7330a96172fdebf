"""Pages that stay open: releases change under them, hours pass, the server goes and comes back."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.dashboard.browser import BROWSER, open_browser
from tests.dashboard.servers import served
from tests.dashboard.test_browser import IDLE, WAIT
from tests.warehouse.workshop import Project, Workshop
from watchhouse.collection import collect, release_ids
from watchhouse.layout import Home
from watchhouse.locks import builder_lock

RELEASES = 4
MINUTES = 15
"""Between two releases."""
STEP = 5
"""Minutes that pass at once."""
FIGURE = "[data-testid=stMetric]:has-text('{}') [data-testid=stMetricValue]"
# Each release bears its number as the plays of a day that the page shows.
NUMBERED = """
    update marts.fct_platform_days set play_count = {number} where activity_date = '2026-01-20';
    update marts.fct_platform_days set play_count = 0 where activity_date != '2026-01-20';
    insert into intermediate.int_changed_days select activity_date from marts.fct_platform_days;
    update history.last_run set invocation_id = 'run-{number}', selection = 'full';
"""

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser: install one with `apt-get install chromium`"
)


@pytest.fixture
def workshop(published: Path, project: Project, tmp_path: Path) -> Workshop:
    """Return a home of its own with one release, and the build that more come from."""
    shutil.copytree(published, tmp_path / "home", symlinks=True)
    return Workshop(Home(tmp_path / "home"), project, {})


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """Return an empty page whose clock can be put forward."""
    with sync_playwright() as playwright:
        context = open_browser(playwright, tmp_path / "profile")
        context.set_default_timeout(WAIT)
        context.clock.install()
        yield context.pages[0]
        context.close()


def publish(workshop: Workshop, number: int) -> None:
    """Publish a release; what nobody reads any more goes at once."""
    with duckdb.connect(str(workshop.home.build_database)) as connection:
        connection.execute(NUMBERED.format(number=number))
    assert workshop.publish(strictly=False) == number
    with builder_lock(workshop.home.builder_lock, timeout=0):
        collect(workshop.home, keep=1, grace=timedelta(0), now=datetime.now(UTC))


def shown(page: Page, label: str, value: str) -> None:
    """Wait until a figure says something."""
    page.locator(FIGURE.format(label)).first.get_by_text(value, exact=True).wait_for()


def pass_minutes(page: Page, count: int) -> None:
    """Let minutes pass for everything in the browser that waits for a time."""
    for _ in range(count // STEP):
        page.clock.fast_forward(STEP * 60_000)
        page.wait_for_selector(IDLE)


def test_pages_follow_an_hour_of_releases_and_the_server_forgets_them(
    workshop: Workshop, page: Page
) -> None:
    publish(workshop, 2)
    with served(workshop.home.root) as server:
        live = page.context.new_page()
        live.goto(f"{server.url}/live")
        shown(live, "Events landed", "0")
        page.goto(server.url)
        shown(page, "Plays", "2")
        before = len(server.handles)
        for number in range(3, 3 + RELEASES):
            publish(workshop, number)
            pass_minutes(page, MINUTES)
            shown(page, "Plays", f"{number}")
            pass_minutes(live, MINUTES)
            live.get_by_text(f"Release {number},").wait_for()
            assert page.locator("[data-testid=stException]").count() == 0
            assert server.releases_held == {f"{number}"}
        # Nobody looks at the tail any more, and nothing of it is held.
        live.close()
        publish(workshop, number + 1)
        pass_minutes(page, STEP)
        shown(page, "Plays", f"{number + 1}")
        assert server.releases_held == {f"{number + 1}"}
        assert len(server.handles) <= before
        # The one before was open until the pages had moved on.
        assert len(release_ids(workshop.home)) <= 2


def test_a_page_outlives_its_server(workshop: Workshop, page: Page) -> None:
    publish(workshop, 2)
    with served(workshop.home.root) as server:
        page.goto(f"{server.url}/?compare=Nothing&measure=Plays")
        shown(page, "Plays", "2")
    publish(workshop, 3)
    with served(workshop.home.root, port=server.port):
        pass_minutes(page, STEP)
        shown(page, "Plays", "3")
        page.get_by_text("Plays over time").wait_for()
        assert "measure=Plays" in page.url
