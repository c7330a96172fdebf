"""A member of a consumer group, reduced to what the loader needs of it.

The client library calls back from a thread of its own, which also sends the heartbeats: what it
hands over there is noted, positions are set, and nothing else is done.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.errors import (
    AuthorizationError,
    CorruptRecordError,
    FencedInstanceIdError,
    KafkaError,
    OffsetOutOfRangeError,
    SaslAuthenticationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
)
from kafka.structs import OffsetAndMetadata, TopicPartition

from ingest.streaming.fetched import Fetched, FetchedRecords
from watchhouse.connection import client_options
from watchhouse.errors import BrokerError
from watchhouse.refusals import refusal
from watchhouse.settings import Settings

_POLL_BATCHES: Final = 32
_FIRST_ANSWER_SECONDS: Final = 5.0
_CLOSE_MS: Final = 3_000


class Partition(NamedTuple):
    """A partition of a topic; equal to the client library's own kind."""

    topic: str
    partition: int


class UnreachableError(Exception):
    """The broker does not answer; it may later."""


class OutOfRangeError(Exception):
    """The broker does not have the offset that is asked for."""

    def __init__(self, positions: Mapping[Partition, int]) -> None:
        """Name the partitions and offsets."""
        super().__init__()
        self.positions = positions


class Member:
    """A consumer in a group. `position` is asked where a partition that it was given starts."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        *,
        position: Callable[[Partition], int],
        released: Callable[[], None],
    ) -> None:
        """Join the group, at the first `poll`. `released` is told that partitions are given up.

        Raises:
            UnreachableError: no broker answers.
            BrokerError: it refuses us.
        """
        session = round(1000 * settings.kafka_session_timeout)
        self._listener = _Listener(position, released)
        options = client_options(settings)
        with _translated(options):
            self._consumer = KafkaConsumer(
                **options,
                group_id=settings.kafka_group,
                group_instance_id=settings.kafka_group_instance_id or None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                allow_auto_create_topics=False,
                session_timeout_ms=session,
                heartbeat_interval_ms=session // 4,
                fetch_max_wait_ms=50,
                fetch_max_bytes=32 * 1024 * 1024,
                max_partition_fetch_bytes=4 * 1024 * 1024,
                receive_message_max_bytes=1_000_000_000,
                max_poll_records=_POLL_BATCHES,
                metadata_max_age_ms=30_000,
                request_timeout_ms=15_000,
                metrics_enabled=False,
            )
            self._listener.consumer = self._consumer
            self._consumer._fetcher.PartitionRecords = FetchedRecords  # noqa: SLF001 - see there
            self._consumer.subscribe(list(topics), listener=self._listener)
        # Whoever leads the group divides what it knows of; else everybody would join twice.
        try:
            self.refresh(_FIRST_ANSWER_SECONDS)
        except BaseException:
            self.close()
            raise

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[Fetched]]:
        """Return messages by partition, after `seconds` at most.

        Raises:
            UnreachableError, OutOfRangeError, BrokerError: as they say.
        """
        with _translated():
            records: dict[Any, list[Fetched]] = self._consumer.poll(
                timeout_ms=round(1000 * seconds)
            )
        self._listener.raise_problem()
        return {Partition(*at): found for at, found in records.items()}

    def assigned(self) -> frozenset[Partition]:
        """Return the partitions that were given to us."""
        return self._listener.assigned

    def has_joined(self) -> bool:
        """Tell whether we were given our share of the partitions, which may be none."""
        return self._listener.has_joined

    def seek(self, at: Partition, offset: int) -> None:
        """Go on elsewhere, unless the partition is no longer ours."""
        try:
            self._consumer.seek(TopicPartition(*at), offset)
        except ValueError:
            return

    def positions(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offsets that are asked for next."""
        found = {}
        with _translated():
            for at in partitions:
                if TopicPartition(*at) in self._consumer.assignment():
                    offset = self._consumer.position(TopicPartition(*at), timeout_ms=0)
                    if offset is not None:
                        found[at] = offset
        return found

    def beginnings(self, partitions: Iterable[Partition], seconds: float) -> dict[Partition, int]:
        """Return the first offsets that the broker has.

        Raises:
            UnreachableError: it does not say in time.
        """
        return self._ask(self._consumer.beginning_offsets, partitions, seconds)

    def ends(self, partitions: Iterable[Partition], seconds: float) -> dict[Partition, int]:
        """Return the offsets after the last messages.

        Raises:
            UnreachableError: the broker does not say in time.
        """
        return self._ask(self._consumer.end_offsets, partitions, seconds)

    def _ask(
        self, method: Callable[..., Any], partitions: Iterable[Partition], seconds: float
    ) -> dict[Partition, int]:
        asked = [TopicPartition(*at) for at in partitions]
        if not asked:
            return {}
        with _translated():
            answer = method(asked, timeout_ms=round(1000 * seconds))
        return {Partition(*at): offset for at, offset in answer.items()}

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Tell the broker where we are, for whoever watches the lag; never waits, never fails."""
        # The ledger is what counts: whatever comes of this, nothing depends on it.
        self._consumer.commit_async(
            {
                TopicPartition(*at): OffsetAndMetadata(offset, "", -1)
                for at, offset in offsets.items()
                if at in self._listener.assigned
            },
            callback=_ignore,
        )

    def refresh(self, seconds: float) -> None:
        """Ask for the topics anew.

        Raises:
            UnreachableError: the broker does not answer in time.
        """
        milliseconds = round(1000 * seconds)
        # The library has no public way to ask for what it keeps of a topic.
        cluster, net, manager = (
            self._consumer._cluster,  # noqa: SLF001
            self._consumer._net,  # noqa: SLF001
            self._consumer._manager,  # noqa: SLF001
        )
        with _translated(), contextlib.suppress(UnknownTopicOrPartitionError):
            # That a topic does not exist is an answer, too.
            net.run(manager.wait_for, cluster.request_update(), milliseconds)

    def cluster(self) -> str:
        """Return the id of the cluster, empty if it has none."""
        return str(self._consumer._cluster.cluster_id or "")  # noqa: SLF001 - as above

    def generation(self, topic: str) -> str:
        """Return what tells a topic from an earlier one of its name, empty if the broker does not.

        That of a topic that is not there is empty, too.
        """
        found = self._consumer._cluster.topic_id(topic)  # noqa: SLF001 - as above
        return "" if found is None or not int(found) else str(found)

    def partitions(self, topic: str) -> frozenset[int]:
        """Return the partitions of a topic as known; none if it does not exist."""
        known = self._consumer._cluster.partitions_for_topic(topic)  # noqa: SLF001 - as above
        return frozenset(known or ())

    def close(self) -> None:
        """Leave the group."""
        try:
            self._consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)
        except KafkaError:
            return  # It will notice.


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # ships no types
    """Notes what we were given, and sets where each partition starts before any fetch."""

    def __init__(self, position: Callable[[Partition], int], released: Callable[[], None]) -> None:
        self.assigned: frozenset[Partition] = frozenset()
        self.has_joined = False
        self.consumer: Any = None
        self._position = position
        self._released = released
        self._problem: BaseException | None = None

    def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        self.assigned -= {Partition(*at) for at in revoked}
        self._released()

    def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        given = frozenset(Partition(*at) for at in assigned)
        try:
            for at in sorted(given):
                self.consumer.seek(TopicPartition(*at), self._position(at))
        except BaseException as error:  # noqa: BLE001 - raised in the loader's own thread
            self._problem = error
        self.assigned = given
        self.has_joined = True

    def raise_problem(self) -> None:
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem


def _ignore(*_: object) -> None:
    pass


class _translated:  # noqa: N801 - reads as a phrase
    """Turns the library's errors into ours."""

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        """Find out why brokers do not answer, if `options` say how they are reached."""
        self._options = options

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OffsetOutOfRangeError):
            given = error.args[0] if error.args and isinstance(error.args[0], Mapping) else {}
            raise OutOfRangeError({Partition(*at): o for at, o in given.items()}) from error
        if isinstance(error, AuthorizationError | SaslAuthenticationFailedError):
            message = (
                f"the broker refuses us ({error}); correct the WATCHHOUSE_KAFKA_* settings, or "
                "the rights of this user on the topics and the group"
            )
            raise BrokerError(message) from error
        if isinstance(error, FencedInstanceIdError):
            message = (
                "another loader has joined under our name; give each one a "
                "WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID of its own"
            )
            raise BrokerError(message) from error
        if isinstance(error, CorruptRecordError | UnsupportedCodecError):
            message = (
                f"the broker holds messages that cannot be read ({error}); nothing after them was "
                "landed. Remove them from the topic with its own tools and start again."
            )
            raise BrokerError(message) from error
        if isinstance(error, KafkaError | OSError):
            reason = None if self._options is None else refusal(self._options)
            if reason is not None:
                raise BrokerError(reason) from error
            raise UnreachableError(str(error)) from error
