"""How a long build is shown while it runs: one moving line on a terminal, a few lines elsewhere."""

import logging
import sys
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

logger = logging.getLogger(__name__)

_QUARTERS: Final = 4


class BuildProgress(Protocol):
    """What a builder tells while it works; called from dbt's threads, one call at a time."""

    def begin(self, total: int) -> None:
        """Start with `total` models and tests ahead."""

    def advance(self, name: str) -> None:
        """Count one model or test as done; `name` is the one that has just begun or ended."""

    def end(self) -> None:
        """Stop showing anything; also called after a failure, and when nothing was begun."""


class TerminalProgress:
    """A bar with the name of what was finished last; it leaves nothing behind."""

    def __init__(self) -> None:
        """Prepare the bar without drawing it."""
        self._progress = Progress(
            TextColumn("building"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def begin(self, total: int) -> None:
        """Draw the bar."""
        self._progress.update(self._task, total=total)
        self._progress.start()

    def advance(self, name: str) -> None:
        """Move the bar by one."""
        self._progress.update(self._task, advance=1, description=name)

    def end(self) -> None:
        """Remove the bar."""
        self._progress.stop()


class PlainProgress:
    """A log line at each quarter, for pipes and log files."""

    def __init__(self) -> None:
        """Begin with nothing to count."""
        self._total = 0
        self._done = 0

    def begin(self, total: int) -> None:
        """Say how much there is to do."""
        self._total = total
        self._done = 0
        logger.info("building: %d models and tests", total)

    def advance(self, name: str) -> None:
        """Count, and speak at the quarters."""
        before = self._done * _QUARTERS // max(self._total, 1)
        self._done += 1
        quarter = self._done * _QUARTERS // max(self._total, 1)
        if before < quarter < _QUARTERS:
            logger.info("building: %d of %d done (%s)", self._done, self._total, name)

    def end(self) -> None:
        """Nothing to remove."""


def build_progress() -> BuildProgress:
    """Return what fits standard error: a moving bar on a terminal, plain lines otherwise."""
    return TerminalProgress() if sys.stderr.isatty() else PlainProgress()
