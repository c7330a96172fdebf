"""A page in a real browser: when its first chart is drawn, and when a filter has redrawn it.

The page takes the times itself, so that nothing of the driver is in them.
"""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from playwright.sync_api import BrowserContext, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

from tests.dashboard.browser import open_browser
from tests.dashboard.servers import answers

_WAIT: Final = 60_000
_TRY: Final = 5_000
_QUIET: Final = 1_000
"""Milliseconds without a change after which a page is finished."""
_WATCH: Final = """
    window.seen = {first: null, changed: 0, drawn: 0, chosen: 0, shown: ""};
    const look = () => {
        seen.changed = performance.now();
        const charts = document.querySelectorAll("[data-testid=stVegaLiteChart] svg");
        const chart = [...charts].find(each => each.getBoundingClientRect().width > 100);
        const marks = chart ? chart.querySelectorAll("path[d]") : [];
        const shown = [...marks].map(mark => mark.getAttribute("d")).join();
        if (!shown || shown === seen.shown) return;
        seen.shown = shown;
        requestAnimationFrame(() => {
            seen.drawn = performance.now();
            seen.first ??= seen.drawn;
        });
    };
    new MutationObserver(look).observe(
        document, {subtree: true, childList: true, attributes: true});
    document.addEventListener("click", event => {
        if (event.target.closest("[role=option]")) seen.chosen = performance.now();
    }, true);
"""


@dataclass(frozen=True)
class Server:
    """A server that answers at `url`, and the number of its process."""

    url: str
    process_id: int


@contextmanager
def served(
    command: Sequence[str],
    port_option: str,
    environment: Mapping[str, str],
    *,
    log: Path = Path(os.devnull),
) -> Iterator[Server]:
    """Run a server until the block ends, and say where it is once it answers.

    What it says goes to `log`.

    Raises:
        RuntimeError: it ended instead.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (
        log.open("wb") as said,
        subprocess.Popen(  # noqa: S603 - our own commands
            (*command, port_option, str(port)),
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            while not answers(f"http://127.0.0.1:{port}/_stcore/health"):
                if process.poll() is not None:
                    message = f"{' '.join(command)} ended with {process.returncode}"
                    raise RuntimeError(message)
                time.sleep(0.05)
            yield Server(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()


@contextmanager
def browsing() -> Iterator[BrowserContext]:
    """Open a browser that has never seen anything, and close it after the block."""
    with TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = open_browser(playwright, profile, height=1400)
        context.set_default_timeout(_WAIT)
        context.add_init_script(_WATCH)
        yield context
        context.close()


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """Open an address in a browser that has never seen it, and wait until the page is finished."""
    with browsing() as context:
        page = context.pages[0]
        page.goto(url)
        finish(page)
        yield page


def finish(page: Page) -> None:
    """Wait until a chart is drawn and nothing has changed for a while."""
    page.wait_for_function(
        f"seen.first && Math.max(seen.changed, seen.drawn) + {_QUIET} < performance.now()"
    )


def first_chart(page: Page) -> float:
    """Return the milliseconds from asking for the page to the paint of its first chart."""
    return float(page.evaluate("seen.first"))


def refiltered(page: Page, label: str, option: str) -> float:
    """Choose an option of a list; return the milliseconds from the click to the redrawn chart.

    Raises:
        RuntimeError: it could not be chosen, or changed nothing.
    """
    for _ in range(_WAIT // _TRY):
        page.get_by_label(label, exact=True).fill(option)
        # Nothing but the choice is waited for.
        page.wait_for_timeout(_QUIET)
        try:
            page.get_by_role("option", name=option, exact=True).click(timeout=_TRY)
        except NotInTimeError:
            continue
        page.wait_for_function("seen.chosen && seen.drawn > seen.chosen")
        finish(page)
        return float(page.evaluate("seen.drawn - seen.chosen"))
    message = f"{option} of {label} could not be chosen"
    raise RuntimeError(message)
