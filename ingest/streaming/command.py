"""`watchhouse stream`: land the messages of Kafka topics as they arrive."""

import argparse
import contextlib
import gc
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from ingest.preparing import prepare
from ingest.streaming.loader import StreamLoader
from ingest.streaming.topics import Topic, read_topics
from watchhouse.connection import quiet_client
from watchhouse.counts import counted
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_STATUS_SECONDS: Final = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse stream`."""
    add_topic_arguments(parser, otherwise="WATCHHOUSE_KAFKA_TOPICS")
    parser.add_argument("--until-idle", action="store_true", help="land what there is, then leave")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON at the end")


def add_topic_arguments(parser: argparse.ArgumentParser, *, otherwise: str) -> None:
    """Declare which topics, and how they are mapped; `otherwise` says what goes without any."""
    parser.add_argument(
        "--topic",
        action="append",
        metavar="[STREAM=]NAME",
        help=f"topic to read, and the kind of its records; may be repeated (default: {otherwise})",
    )
    parser.add_argument(
        "--mapping",
        action="append",
        default=[],
        metavar="[STREAM=]FILE",
        help="YAML that maps the field names of a stream",
    )


def chosen_topics(arguments: argparse.Namespace, settings: Settings) -> tuple[Topic, ...]:
    """Return the topics of the arguments, or else of the settings.

    Raises:
        UsageError, MappingError: as `read_topics`.
    """
    usual = [name for name in settings.kafka_topics.split(",") if name.strip()]
    return read_topics(arguments.topic or usual, arguments.mapping)


def announce(topics: Sequence[Topic], settings: Settings) -> None:
    """Say what is read from where."""
    names = ", ".join(f"{topic.name} ({topic.stream.name})" for topic in topics)
    _LOGGER.info("reading %s from %s", names, settings.kafka_bootstrap_servers)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Land messages until told to stop by SIGTERM or SIGINT; return 0.

    Raises:
        WatchhouseError: the topics or the lake cannot be used.
    """
    topics = chosen_topics(arguments, settings)
    home = settings.layout()
    quiet_client(verbose=arguments.verbose)
    key, _ = prepare(home, settings)
    loader = StreamLoader(settings, topics, home=home, pseudonymiser=Pseudonymiser(key))
    gc.freeze()
    stop = threading.Event()
    announce(topics, settings)
    begun = time.monotonic()
    with stopped_by_signals(stop), _status(loader):
        loader.run(stop, until_idle=arguments.until_idle)
    seconds = time.monotonic() - begun
    done = loader.progress
    _LOGGER.info(
        "landed %s of %s in %s, %s rejected, %s lost at the broker or compacted",
        f"{done.landed:,}",
        counted(done.read, "message"),
        counted(done.batches, "batch"),
        f"{done.rejected:,}",
        f"{done.gaps:,}",
    )
    if arguments.json:
        values = asdict(done)
        del values["is_reachable"]
        sys.stdout.write(json.dumps({**values, "seconds": round(seconds, 3)}) + "\n")
    return 0


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first signal; at the second, give up at once."""

    def set_stop(number: int, _: object) -> None:
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()

    before = {n: signal.signal(n, set_stop) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _status(loader: StreamLoader) -> Iterator[None]:
    """Show progress on one line of standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def show() -> None:
        before, at = 0, time.monotonic()
        while not done.wait(_STATUS_SECONDS):
            now, known = time.monotonic(), loader.progress
            rate = (known.read - before) / (now - at)
            before, at = known.read, now
            state = f"{rate:,.0f}/s" if known.is_reachable else "waiting for the broker"
            text = (
                f"{known.landed:,} landed, {known.rejected:,} rejected, {known.lag:,} to come, "
                f"{known.partitions} partitions, {state}"
            )
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        sys.stderr.write("\r\x1b[K")

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
