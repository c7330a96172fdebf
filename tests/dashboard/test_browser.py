"""The pages in a real browser: what is drawn, what is asked of the network, what links restore."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

from tests.dashboard.browser import BROWSER, CHART, open_browser
from tests.dashboard.servers import served
from tests.dashboard.test_pages import PAGES

DRAWN = f"{CHART}, [data-testid=stDataFrame] canvas, [data-testid=stAlert]"
SEEN = "{} >> visible=true"
"""Among all that a selector finds what can be seen."""
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
WAIT = 60_000
STEP = 5_000
"""Milliseconds for one try of what may have to be tried again."""

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser: install one with `apt-get install chromium`"
)


@pytest.fixture(scope="module")
def url(published: Path) -> Iterator[str]:
    """Return where the dashboard over known plays is served."""
    with served(published) as server:
        yield server.url


@pytest.fixture
def open_page(tmp_path: Path, url: str) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Return a function that opens an address; it returns the page and all that went wrong."""
    contexts: list[BrowserContext] = []
    with sync_playwright() as playwright:

        def open_(path: str, *, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
            context = open_browser(
                playwright,
                tmp_path / f"profile{len(contexts)}",
                width=width,
                scheme="dark" if scheme == "dark" else "light",
            )
            contexts.append(context)
            page = context.pages[0]
            page.set_default_timeout(WAIT)
            wrong: list[str] = []
            # Streamlit looks for its server below the page's own path first: 404, then above.
            page.on(
                "console",
                lambda said: (
                    wrong.append(said.text)
                    if said.type == "error" and "_stcore" not in said.location["url"]
                    else None
                ),
            )
            page.on(
                "request",
                lambda asked: (
                    None
                    if asked.url.startswith((url, "data:", "blob:", url.replace("http", "ws")))
                    else wrong.append(asked.url)
                ),
            )
            page.goto(f"{url}/{path}")
            page.wait_for_selector(SEEN.format(DRAWN))
            return page, wrong

        yield open_
        for context in contexts:
            context.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_page_draws_and_asks_no_other_machine(
    open_page: Callable[..., tuple[Page, list[str]]], name: str
) -> None:
    page, wrong = open_page("" if name == "overview" else name)
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
    assert wrong == []
    assert page.locator("[data-testid=stException]").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_the_overview_fits_every_screen(
    open_page: Callable[..., tuple[Page, list[str]]], width: int, scheme: str
) -> None:
    page, wrong = open_page("", width=width, scheme=scheme)
    page.wait_for_selector(SEEN.format(CHART))
    assert wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    background = page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    assert background == ("rgb(15, 21, 28)" if scheme == "dark" else "rgb(255, 255, 255)")


def choose(page: Page, label: str, option: str, *, until: str) -> None:
    """Choose an option of a list until the address says so.

    A list that is open closes when the page scrolls under it or draws its controls anew, which it
    may do at any time. To type an option that has been chosen already changes nothing.
    """
    for _ in range(WAIT // STEP):
        page.get_by_label(label, exact=True).fill(option)
        try:
            page.get_by_role("option", name=option, exact=True).click(timeout=STEP)
            page.wait_for_url(re.compile(re.escape(until)), timeout=STEP)
        except NotInTimeError:
            if until in page.url:
                return
            continue
        return
    message = f"{option} of {label} could not be chosen: {page.url}"
    raise AssertionError(message)


def test_a_filter_changes_what_is_drawn_and_its_link_restores_it(
    open_page: Callable[..., tuple[Page, list[str]]],
) -> None:
    page, _ = open_page("")
    hours = page.locator("[data-testid=stMetricValue]").first
    hours.get_by_text("147", exact=True).wait_for()
    page.wait_for_selector(IDLE)
    choose(page, "Device", "mobile", until="device=mobile")
    hours.get_by_text("35.0", exact=True).wait_for()
    restored, _ = open_page(page.url.rpartition("/")[2])
    restored.locator("[data-testid=stMetricValue]").first.get_by_text("35.0", exact=True).wait_for()


def test_all_that_draws_the_overview_is_asked_for_with_the_page(
    open_page: Callable[..., tuple[Page, list[str]]],
) -> None:
    page, _ = open_page("")
    page.wait_for_selector(SEEN.format(CHART))
    page.wait_for_selector(IDLE)
    late = page.evaluate(
        """() => {
            const asked = performance.getEntriesByType("resource");
            const started = asked.find(each => each.name.endsWith("_stcore/host-config")).startTime;
            const scripts = asked.filter(each => each.name.endsWith(".js"));
            return [scripts.length, scripts.filter(each => each.startTime > started).length];
        }"""
    )
    assert late[0] > 50
    assert late[1] == 0


def test_what_is_shown_can_be_taken_along(
    open_page: Callable[..., tuple[Page, list[str]]],
) -> None:
    page, wrong = open_page("")
    page.get_by_test_id("stPopoverButton").click()
    with page.expect_download() as saving:
        page.get_by_role("button", name="CSV").last.click()
    assert saving.value.suggested_filename == "overview-figures.csv"
    assert '"plays","182"' in saving.value.path().read_text()
    assert wrong == []
