"""Releases without end: when which marts are built, and what happens when that fails."""

import logging
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ingest.compaction.folding import Folder, Folding
from ingest.compaction.schedule import Schedule
from watchhouse.counts import counted
from watchhouse.errors import BuildError, LockTimeoutError, PublishError, WatchhouseError
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.marts import Selection
from watchhouse.warehouse import Warehouse

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_LOOK_SECONDS: Final = 0.1
_LONGEST_PAUSE: Final = 60.0
"""Between two tries of a build that fails, unless something lands."""
_KEPT_SECONDS: Final = 2.0
"""For so long nobody else may build, unless they ask: what comes next finds the database open."""
_IDLE_SECONDS: Final = 10.0
"""After which nothing is expected to land, so that there is time for a full build."""


@dataclass(frozen=True)
class Pace:
    """Seconds from the beginning of a build to the next, and from the end of a full one."""

    every: float
    full_every: float


class Status:
    """One line of standard error that says what is going on, if that is a terminal."""

    def __init__(self) -> None:
        """Say nothing yet."""
        self._is_shown = sys.stderr.isatty()
        self._total = 0
        self._done = 0

    def begin(self, total: int) -> None:
        """Start to show a build."""
        self._total, self._done = total, 0

    def advance(self, name: str) -> None:
        """Show that one of its models and tests is done."""
        self._done += 1
        self.show(f"building {self._done} of {self._total} ({name})")

    def end(self) -> None:
        """Show no build any more."""
        self.clear()

    def show(self, text: str) -> None:
        """Replace the line."""
        if self._is_shown:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        self.show("")


class Releases:
    """Builds and publishes what lands, one release after the other."""

    def __init__(  # noqa: PLR0913 - what works together, by name
        self,
        home: Home,
        warehouse: Warehouse,
        pace: Pace,
        *,
        status: Status,
        loaders: Sequence[threading.Thread],
        compaction: Schedule,
        fold_every: float,
    ) -> None:
        """Look at nothing yet; what `loaders` land is waited for."""
        self._ledger = Ledger(home)
        folder = Folder(home, self._ledger)
        self._folding = Folding(folder, every=fold_every, now=time.monotonic())
        self._warehouse = warehouse
        self._pace = pace
        self._status = status
        self._loaders = loaders
        self._compaction = compaction
        self._published: int | None = None
        self._full: int | None = None
        """How many batches the marts outside the core hold."""
        self._full_due = self._full_again = 0.0
        self._pauses: dict[Selection, float] = {"core": 0.0, "full": 0.0}

    def follow(self, stop: threading.Event, *, until_idle: bool) -> None:
        """Publish a release whenever something is new, until `stop`, or until nothing comes.

        A build that fails is tried again when more has landed, and now and then without. Core marts
        do not wait for a full build that fails.

        Raises:
            LakeError: the ledger cannot be read.
            BuildError, PublishError, LockTimeoutError: with `until_idle`, the last build failed.
        """
        try:
            self._follow(stop, until_idle=until_idle)
        finally:
            self._warehouse.let_go()

    def _follow(self, stop: threading.Event, *, until_idle: bool) -> None:
        tried: int | None = None
        landed: int | None = None
        idle_at = due = let_go_at = 0.0
        while not stop.is_set():
            # In this order: what a loader landed before it left is seen.
            is_over = until_idle and not any(loader.is_alive() for loader in self._loaders)
            count = self._landed()
            now = time.monotonic()
            self._folding.look(now, wall=datetime.now(UTC))
            if count != landed:
                landed, idle_at = count, now + _IDLE_SECONDS
            # Nothing more comes: what is left is tried a last time, at once.
            is_due = now >= (self._full_due if count != self._published else idle_at)
            is_full = count != self._full and (is_over or (is_due and now >= self._full_again))
            is_core = count != self._published and (count != tried or now >= due)
            is_building = is_full or is_core
            self._compaction.look(now, is_idle=not is_building and count == self._full)
            if is_building:
                selection: Selection = "full" if is_full else "core"
                try:
                    self._publish(count, selection, now)
                except (BuildError, PublishError, LockTimeoutError) as error:
                    if is_over:
                        raise
                    self._put_off(error, selection)
                    if not is_full:
                        tried = count
                let_go_at = time.monotonic() + _KEPT_SECONDS
                due = now + max(self._pace.every, self._pauses["core"])
                stop.wait(max(0.0, now + self._pace.every - time.monotonic()))
            elif is_over:
                return
            else:
                self._warehouse.give_way()
                if now >= let_go_at:
                    self._warehouse.let_go()
                left = count - (self._published or 0)
                self._status.show(
                    f"{counted(count, 'batch')} landed, {left} not yet published; waiting"
                )
                stop.wait(_LOOK_SECONDS)

    def unpublished(self) -> int:
        """Return how many batches landed since the last release."""
        return self._landed() - (self._published or 0)

    def _landed(self) -> int:
        self._ledger.refresh()
        return len(self._ledger)

    def _put_off(self, error: WatchhouseError, selection: Selection) -> None:
        """Say what went wrong, and wait longer than the last time before trying the same again."""
        self._status.clear()
        pause = min(max(1.0, 2 * self._pauses[selection]), _LONGEST_PAUSE)
        self._pauses[selection] = pause
        if selection == "full":
            self._full_again = time.monotonic() + pause
        _LOGGER.error("error: %s", error)
        _LOGGER.info("loading goes on; building again when more has landed")

    def _publish(self, count: int, selection: Selection, begun: float) -> None:
        keep = self._pace.every <= _KEPT_SECONDS
        outcome = self._warehouse.build(selection=selection, keep=keep)
        manifest = outcome.manifest
        self._pauses["core"] = 0.0
        new, self._published = count - (self._published or 0), count
        if manifest.selection == "full":
            self._pauses["full"] = 0.0
            self._full = count
            self._full_due = time.monotonic() + self._pace.full_every
        if outcome.is_new:
            as_of = manifest.data_as_of
            _LOGGER.info(
                "release %d: %s in %.1f s, %s, %s",
                manifest.release_id,
                counted(new, "new batch"),
                time.monotonic() - begun,
                "all marts" if manifest.selection == "full" else "core marts",
                f"data up to {as_of:%Y-%m-%d %H:%M:%S} UTC" if as_of else "no plays yet",
            )
