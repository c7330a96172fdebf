"""The browser in which pages are looked at, as tests, benchmarks and pictures open it."""

import shutil
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import BrowserContext, Playwright

BROWSER: Final = shutil.which("chromium") or shutil.which("google-chrome")
"""None where there is none; `apt-get install chromium` installs one."""
CHART: Final = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
"""Selects what a chart is drawn on."""
_FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def open_browser(
    playwright: Playwright,
    profile: Path | str,
    *,
    width: int = 1280,
    height: int = 900,
    scheme: Literal["light", "dark"] = "light",
) -> BrowserContext:
    """Open a browser with one empty page, which asks the network for nothing by itself."""
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path=BROWSER,
        headless=True,
        args=list(_FLAGS),
        viewport={"width": width, "height": height},
        color_scheme=scheme,
    )
