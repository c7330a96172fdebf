"""`watchhouse run`: loaders and the builder in one place, a release whenever something is new.

Loaders work in threads of their own and land while a build runs; what lands meanwhile is in
the next one. Every release is complete and tested, as those of `watchhouse build` are.
"""

import argparse
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from ingest.draining import Drainer
from ingest.preparing import prepare
from ingest.streaming.command import (
    add_topic_arguments,
    announce,
    chosen_topics,
    stopped_by_signals,
)
from ingest.streaming.loader import StreamLoader
from watchhouse.connection import quiet_client
from watchhouse.errors import (
    BuildError,
    LockTimeoutError,
    PublishError,
    UsageError,
    WatchhouseError,
)
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings
from watchhouse.warehouse import Warehouse

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_LOOK_SECONDS: Final = 0.1
_LONGEST_PAUSE: Final = 60.0
"""Between two tries of a build that fails, unless something lands."""

Work = Callable[[threading.Event], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse run`."""
    add_topic_arguments(
        parser,
        otherwise="WATCHHOUSE_KAFKA_TOPICS; no Kafka unless that is set or "
        "WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS is",
    )
    parser.add_argument(
        "--every",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="begin a build at most this often (default: as soon as the one before is published)",
    )
    parser.add_argument(
        "--until-idle", action="store_true", help="leave once all that came is published"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Land, build and publish until told to stop by SIGTERM or SIGINT; return 0.

    Raises:
        WatchhouseError: the topics or the lake cannot be used.
    """
    if not arguments.every >= 0:
        message = f"--every {arguments.every}: give seconds, 0 or more"
        raise UsageError(message)
    if not arguments.verbose:
        quiet_client()
    home = settings.layout()
    key, _ = prepare(home, settings)
    stop = threading.Event()
    loaders = [
        Loader(loader, stop)
        for loader in _loaders(arguments, settings, home=home, pseudonymiser=Pseudonymiser(key))
    ]
    status = Status()
    releases = Releases(
        home, Warehouse(settings, status), every=arguments.every, status=status, loaders=loaders
    )
    gc.freeze()
    with stopped_by_signals(stop):
        for loader in loaders:
            loader.start()
        try:
            releases.follow(stop, until_idle=arguments.until_idle)
        finally:
            stop.set()
            for loader in loaders:
                loader.join()
            status.clear()
    left = releases.unpublished()
    if left:
        _LOGGER.info("stopped; %d batches landed that the next build takes", left)
    for loader in loaders:
        if loader.error is not None:
            raise loader.error
    return 0


def _loaders(
    arguments: argparse.Namespace, settings: Settings, *, home: Home, pseudonymiser: Pseudonymiser
) -> list[Work]:
    drainer = Drainer(home)
    loaders = [lambda stop: _drain(drainer, stop, until_idle=arguments.until_idle)]
    configured = {"kafka_topics", "kafka_bootstrap_servers"} & settings.model_fields_set
    if not arguments.topic and not configured:
        _LOGGER.info("no topic to read: building what is posted or landed in %s", home.root)
        return loaders
    topics = chosen_topics(arguments, settings)
    announce(topics, settings)
    stream = StreamLoader(settings, topics, home=home, pseudonymiser=pseudonymiser)
    return [*loaders, lambda stop: stream.run(stop, until_idle=arguments.until_idle)]


def _drain(drainer: Drainer, stop: threading.Event, *, until_idle: bool) -> None:
    """Land what is posted, as long as it is asked for."""
    while True:
        # The last look comes after the call to stop: what was posted before is landed.
        is_last = stop.is_set() or until_idle
        drained = drainer.drain(now=datetime.now(UTC))
        if is_last and not drained.segment_count:
            return
        if not is_last:
            stop.wait(_LOOK_SECONDS)


class Loader(threading.Thread):
    """One loader at work; what ends it ends the whole."""

    def __init__(self, work: Work, stop: threading.Event) -> None:
        """Prepare to run `work`, which leaves once `stop` is set or nothing is left to do."""
        super().__init__(name="loader")
        self._work = work
        self._told = stop
        self.error: Exception | None = None

    def run(self) -> None:
        """Work, and remember what went wrong for the thread that can say it."""
        try:
            self._work(self._told)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again
            self.error = error
            self._told.set()


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

    def __init__(
        self,
        home: Home,
        warehouse: Warehouse,
        *,
        every: float,
        status: Status,
        loaders: Sequence[Loader],
    ) -> None:
        """Look at nothing yet; a build begins at most once in `every` seconds."""
        self._ledger = Ledger(home)
        self._warehouse = warehouse
        self._every = every
        self._status = status
        self._loaders = loaders
        self._published: int | None = None
        self._pause = 0.0

    def follow(self, stop: threading.Event, *, until_idle: bool) -> None:
        """Publish a release whenever something is new, until `stop`, or until nothing comes.

        A build that fails is tried again when more has landed, and now and then without.

        Raises:
            LakeError: the ledger cannot be read.
            BuildError, PublishError, LockTimeoutError: with `until_idle`, the last build failed.
        """
        tried: int | None = None
        due = 0.0
        while not stop.is_set():
            # In this order: what a loader landed before it left is seen.
            is_over = until_idle and not any(loader.is_alive() for loader in self._loaders)
            count = self._landed()
            # Nothing more comes: what is left is tried a last time, at once.
            is_due = count != tried or is_over or time.monotonic() >= due
            if count != self._published and is_due:
                tried, begun = count, time.monotonic()
                try:
                    self._publish(count, begun)
                except (BuildError, PublishError, LockTimeoutError) as error:
                    if is_over:
                        raise
                    self._put_off(error)
                due = begun + max(self._every, self._pause)
                stop.wait(max(0.0, begun + self._every - time.monotonic()))
            elif is_over:
                return
            else:
                left = count - (self._published or 0)
                self._status.show(f"{count} batches landed, {left} not yet published; waiting")
                stop.wait(_LOOK_SECONDS)

    def unpublished(self) -> int:
        """Return how many batches landed since the last release."""
        return self._landed() - (self._published or 0)

    def _landed(self) -> int:
        self._ledger.refresh()
        return len(self._ledger)

    def _put_off(self, error: WatchhouseError) -> None:
        """Say what went wrong, and wait longer than the last time before trying the same again."""
        self._status.clear()
        self._pause = min(max(1.0, 2 * self._pause), _LONGEST_PAUSE)
        _LOGGER.error("error: %s", error)
        _LOGGER.info("loading goes on; building again when more has landed")

    def _publish(self, count: int, begun: float) -> None:
        outcome = self._warehouse.build()
        self._pause = 0.0
        new, self._published = count - (self._published or 0), count
        if outcome.is_new:
            manifest = outcome.manifest
            as_of = manifest.data_as_of
            _LOGGER.info(
                "release %d: %d new batches in %.1f s, %s",
                manifest.release_id,
                new,
                time.monotonic() - begun,
                f"data up to {as_of:%Y-%m-%d %H:%M:%S} UTC" if as_of else "no plays yet",
            )
