"""Accepted events go to a Kafka topic: acknowledged by the brokers, then by us."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError

from api.events import MAX_BATCH_BYTES, Event
from api.problems import ProblemError
from watchhouse.connection import client_options, quiet_client
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.refusals import refusal
from watchhouse.settings import Settings
from watchhouse.signing import signed

_LOGGER: Final = logging.getLogger("watchhouse.api")
_RETRY_SECONDS: Final = 5
_SENDERS: Final = 8
_PATIENCE_SECONDS: Final = 10.0
"""How long a request waits for the brokers before its sender is told to try again."""


class TopicSink:
    """Sends events to a topic, keyed by user, and signed: loaders do not hash them again."""

    def __init__(
        self, settings: Settings, topic: str, *, pseudonymiser: Pseudonymiser, names: frozenset[str]
    ) -> None:
        """Connect to nothing yet; `names` are the members of events that are pseudonyms.

        Raises:
            SettingsError: security settings do not fit together.
        """
        self._options = client_options(settings)
        self._topic = topic
        self._servers = settings.kafka_bootstrap_servers
        self._pseudonymiser = pseudonymiser
        self._names = names
        self._lock = threading.Lock()
        self._producer: KafkaProducer | None = None
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="send")
        self._is_failing = False
        quiet_client()

    async def store(self, events: Sequence[Event]) -> None:
        """Return once every in-sync replica has the events.

        Raises:
            ProblemError: not all of them are known to be there.
        """
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._pool, self._send, events)
        try:
            futures = await asyncio.wait_for(asyncio.shield(work), _PATIENCE_SECONDS)
            acknowledged = [_awaitable(future, loop) for future in futures]
            await asyncio.wait_for(asyncio.gather(*acknowledged), _PATIENCE_SECONDS)
        except MessageSizeTooLargeError as error:
            detail = "an event is larger than the topic takes; not every event was stored"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail) from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise self._refusal(error) from error
        self._is_failing = False

    async def close(self) -> None:
        """Send what is at hand."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        if self._producer is not None:
            self._producer.close(timeout=_PATIENCE_SECONDS)

    def _send(self, events: Sequence[Event]) -> list[Any]:
        producer = self._connected()
        futures = []
        for event in events:
            key = None if event.user is None else event.user.encode()
            value = event.line.removesuffix(b"\n")
            headers = signed(self._pseudonymiser, self._names, key=key, value=value)
            futures.append(producer.send(self._topic, value, key=key, headers=headers))
        return futures

    def _connected(self) -> KafkaProducer:
        with self._lock:
            if self._producer is None:
                try:
                    self._producer = self._connect()
                except KafkaError as error:
                    reason = refusal(self._options)
                    if reason is None:
                        raise
                    raise KafkaConnectionError(reason) from error
            return self._producer

    def _connect(self) -> KafkaProducer:
        return KafkaProducer(
            **self._options,
            acks="all",
            linger_ms=2,
            max_request_size=2 * MAX_BATCH_BYTES,
            max_block_ms=5_000,
            request_timeout_ms=5_000,
            delivery_timeout_ms=9_000,
            allow_auto_create_topics=False,
        )

    def _refusal(self, error: Exception) -> ProblemError:
        if not self._is_failing:
            self._is_failing = True
            reason = " ".join(str(error).split()) or type(error).__name__
            _LOGGER.error(
                "error: topic %s at %s takes no events (%s); senders are told to come again",
                self._topic,
                self._servers,
                reason,
            )
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not-stored",
            "the topic does not take events at present. Send the same again later: what was "
            "stored already counts once.",
            headers={"Retry-After": str(_RETRY_SECONDS)},
        )


def _awaitable(future: Any, loop: asyncio.AbstractEventLoop) -> "asyncio.Future[None]":  # noqa: ANN401 - untyped
    """Return what ends with a send, whose callbacks come from the client's thread."""
    result: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if result.done():
            return
        if error is None:
            result.set_result(None)
        else:
            result.set_exception(error)

    def tell(error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, error)
        except RuntimeError:
            return  # The service has ended meanwhile.

    future.add_callback(lambda _: tell(None))
    future.add_errback(tell)
    return result
