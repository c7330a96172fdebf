"""Remakes the pictures of the README from the demo's release, in a real browser.

python -m scripts.screenshots [HOME] [FOLDER]

Default: demo, as `make demo` fills it, and docs/images.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.dashboard.browser import BROWSER, CHART, open_browser

_PAGES = {"overview": ""}
"""Pictures by name, and the address of each."""
_WAIT = 60_000


def main() -> int:
    """Take each picture; the dashboard runs only meanwhile."""
    home = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/images")  # noqa: PLR2004 - the second
    if BROWSER is None:
        sys.stderr.write("error: no browser: install one with `apt-get install chromium`\n")
        return 1
    if not (home / "current").exists():
        sys.stderr.write(f"error: {home} has no release: run `make demo` first\n")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as profile,
        _served(home) as url,
        sync_playwright() as playwright,
    ):
        context = open_browser(playwright, profile)
        page = context.pages[0]
        page.set_default_timeout(_WAIT)
        for name, address in _PAGES.items():
            page.goto(f"{url}/{address}")
            page.locator(CHART).last.wait_for()
            page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')")
            page.screenshot(path=folder / f"{name}.png", animations="disabled")
            sys.stdout.write(f"{folder / name}.png\n")
        context.close()
    return 0


@contextmanager
def _served(home: Path) -> Iterator[str]:
    """Serve the dashboard over a home, and say where."""
    command = [sys.executable, "-m", "watchhouse", "serve", "--only", "dashboard"]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--dashboard-port", "0"],
        env={**os.environ, "WATCHHOUSE_HOME": str(home), "WATCHHOUSE_DASHBOARD_USERS": "false"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        if process.stderr is None:
            raise RuntimeError
        try:
            found = re.search(r"http://\S+", process.stderr.readline())
            while "started on" not in (line := process.stderr.readline()):
                if not line:
                    message = "the dashboard ended before it was up"
                    raise RuntimeError(message)
            if found is None:
                message = "the dashboard did not say where it is"
                raise RuntimeError(message)
            yield found.group().rstrip("/")
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
