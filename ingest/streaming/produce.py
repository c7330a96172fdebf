"""`watchhouse produce`: send files or made-up events to a Kafka topic."""

import argparse
import contextlib
import itertools
import json
import logging
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from ingest.streaming.sources import Message, file_messages, made_up_messages
from ingest.streaming.topics import require_topic_name
from watchhouse.connection import client_options, quiet_client
from watchhouse.counts import counted
from watchhouse.errors import BrokerError, UsageError
from watchhouse.refusals import refusal
from watchhouse.settings import Settings

_LOGGER: Final = logging.getLogger("watchhouse.ingest")
_EVENTS_PER_USER: Final = 50
_FLUSH_SECONDS: Final = 120
_BURST_SECONDS: Final = 0.01
_CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse produce`."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="NDJSON or CSV file (default: made-up events)",
    )
    parser.add_argument("--topic", default="watch-events", help="default: %(default)s")
    parser.add_argument(
        "--create",
        type=int,
        metavar="PARTITIONS",
        help="make the topic with so many partitions, if it is not there",
    )
    parser.add_argument(
        "--rate", type=float, metavar="N", help="messages a second (default: as many as possible)"
    )
    parser.add_argument(
        "--key", default="user_id", metavar="FIELD", help="of files (default: %(default)s)"
    )
    parser.add_argument(
        "--compression", choices=_CODECS, default="zstd", help="default: %(default)s"
    )
    parser.add_argument(
        "--events",
        type=int,
        default=10_000,
        metavar="N",
        help="made up (default: %(default)s)",
    )
    parser.add_argument(
        "--days", type=int, default=28, metavar="N", help="that they span (default: %(default)s)"
    )
    parser.add_argument(
        "--start-date", type=date.fromisoformat, metavar="YYYY-MM-DD", help="their first day"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of chance")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send the messages; 0 if the broker has acknowledged all of them, else 1.

    Raises:
        BrokerError: no broker answers, or the topic cannot be made.
        InputFileError, UsageError: there is nothing that can be sent.
    """
    if arguments.rate is not None and arguments.rate <= 0:
        message = f"--rate {arguments.rate}: must be more than 0 messages a second"
        raise UsageError(message)
    require_topic_name(arguments.topic)
    quiet_client(verbose=arguments.verbose)
    if arguments.create is not None:
        _create(settings, arguments.topic, arguments.create)
    begun = time.monotonic()
    sent, failed = _send(arguments, settings, _messages(arguments))
    seconds = time.monotonic() - begun
    acknowledged = sent - len(failed)
    _LOGGER.info(
        "%s: %s of %s acknowledged in %.1f s (%s/s)",
        arguments.topic,
        f"{acknowledged:,}",
        counted(sent, "message"),
        seconds,
        f"{acknowledged / max(seconds, 1e-9):,.0f}",
    )
    if failed:
        _LOGGER.error("error: not acknowledged: %s", " ".join(str(failed[0]).split()))
    if arguments.json:
        summary = {"topic": arguments.topic, "sent": sent, "acknowledged": acknowledged}
        sys.stdout.write(json.dumps({**summary, "seconds": round(seconds, 3)}) + "\n")
    return 1 if failed else 0


def _messages(arguments: argparse.Namespace) -> Iterator[Message]:
    if arguments.paths:
        return file_messages(arguments.paths, key=arguments.key)
    return made_up_messages(
        events=arguments.events,
        users=max(arguments.events // _EVENTS_PER_USER, 1),
        days=arguments.days,
        start=arguments.start_date,
        seed=arguments.seed,
    )


def _create(settings: Settings, topic: str, partitions: int) -> None:
    try:
        admin = KafkaAdminClient(**client_options(settings))
        with contextlib.closing(admin), contextlib.suppress(TopicAlreadyExistsError):
            admin.create_topics([NewTopic(topic, partitions, 1)])
    except (KafkaError, OSError, ValueError) as error:
        raise _failure(settings, error) from error


def _send(
    arguments: argparse.Namespace, settings: Settings, messages: Iterator[Message]
) -> tuple[int, list[Exception]]:
    failed: list[Exception] = []
    sent = 0
    try:
        producer = KafkaProducer(
            **client_options(settings),
            compression_type=None if arguments.compression == "none" else arguments.compression,
            linger_ms=5,
            batch_size=256 * 1024,
            allow_auto_create_topics=False,
        )
        try:
            for key, value in _paced(messages, arguments.rate):
                future: Any = producer.send(arguments.topic, key=key, value=value)
                future.add_errback(failed.append)
                sent += 1
            producer.flush(timeout=_FLUSH_SECONDS)
        finally:
            producer.close(timeout=5)
    except (KafkaError, OSError) as error:
        raise _failure(settings, error) from error
    return sent, failed


def _paced(messages: Iterator[Message], rate: float | None) -> Iterator[Message]:
    """Hold messages back so that there are `rate` of them a second, in small bursts."""
    if rate is None:
        yield from messages
        return
    begun = time.monotonic()
    burst = max(1, round(rate * _BURST_SECONDS))
    for number in itertools.count():
        wait = begun + number * burst / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        taken = list(itertools.islice(messages, burst))
        if not taken:
            return
        yield from taken


def _failure(settings: Settings, error: Exception) -> BrokerError:
    refused = refusal(client_options(settings))
    if refused is not None:
        return BrokerError(refused)
    reason = " ".join(str(error).split()) or type(error).__name__
    return BrokerError(
        f"the broker at {settings.kafka_bootstrap_servers} does not take it ({reason}); check "
        "WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS, the topic, and that the broker runs"
    )
