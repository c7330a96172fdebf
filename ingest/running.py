"""`watchhouse run`: loaders and the builder in one place, a release whenever something is new.

Loaders work in threads of their own and land while a build runs; what lands meanwhile is in
the next one. Most releases are made by the fast selection: core marts new and tested, the others
as the last full build left them. Full builds come now and then, and when nothing comes any more.
"""

import argparse
import gc
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from ingest.compaction.schedule import Schedule
from ingest.draining import Drainer
from ingest.preparing import prepare
from ingest.releasing import Pace, Releases, Status
from ingest.streaming.command import (
    add_topic_arguments,
    announce,
    chosen_topics,
    stopped_by_signals,
)
from ingest.streaming.loader import StreamLoader
from watchhouse.connection import quiet_client
from watchhouse.counts import counted
from watchhouse.errors import UsageError
from watchhouse.layout import Home
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings
from watchhouse.warehouse import Warehouse

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_LOOK_SECONDS: Final = 0.1
_FOLD_SECONDS: Final = 30.0
"""Between two looks for files of the ledger to fold, unless compaction looks more often."""

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
        "--full-every",
        type=float,
        metavar="SECONDS",
        help="build all marts, not only the core ones, so often while events come; at the start "
        "and when none come always (default: WATCHHOUSE_FULL_EVERY or 900; 0: every time)",
    )
    parser.add_argument(
        "--compact-every",
        type=float,
        metavar="SECONDS",
        help="look so often for closed days to compact, when there is nothing to build "
        "(default: WATCHHOUSE_COMPACT_EVERY or 3600; 0: never, and fold no ledger either)",
    )
    parser.add_argument(
        "--until-idle",
        action="store_true",
        help="leave once all that came is published, in every mart",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Land, build and publish until told to stop by SIGTERM or SIGINT; return 0.

    Raises:
        WatchhouseError: the topics or the lake cannot be used.
    """
    every = _seconds("--every", arguments.every)
    full_every = _seconds("--full-every", arguments.full_every, settings.full_every)
    compact_every = _seconds("--compact-every", arguments.compact_every, settings.compact_every)
    quiet_client(verbose=arguments.verbose)
    home = settings.layout()
    key, _ = prepare(home, settings)
    stop = threading.Event()
    loaders = [
        Loader(loader, stop)
        for loader in _loaders(arguments, settings, home=home, pseudonymiser=Pseudonymiser(key))
    ]
    # Whoever leaves once all is published does not begin other work.
    if arguments.until_idle:
        compact_every = 0.0
    compaction = Schedule(every=compact_every, now=time.monotonic())
    status = Status()
    releases = Releases(
        home,
        Warehouse(settings, status),
        Pace(every=every, full_every=full_every),
        status=status,
        loaders=loaders,
        compaction=compaction,
        fold_every=min(compact_every, _FOLD_SECONDS),
    )
    gc.freeze()
    with stopped_by_signals(stop):
        for loader in loaders:
            loader.start()
        try:
            releases.follow(stop, until_idle=arguments.until_idle)
        finally:
            stop.set()
            compaction.stop()
            for loader in loaders:
                loader.join()
            status.clear()
    left = releases.unpublished()
    if left:
        _LOGGER.info("stopped; %s landed that the next build takes", counted(left, "batch"))
    for loader in loaders:
        if loader.error is not None:
            raise loader.error
    return 0


def _seconds(option: str, given: float | None, default: float = 0.0) -> float:
    value = default if given is None else given
    if not value >= 0:
        message = f"{option} {value}: give seconds, 0 or more"
        raise UsageError(message)
    return value


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
