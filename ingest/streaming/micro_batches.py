"""Messages of one partition become one batch of the lake, or nothing."""

import secrets
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest import mappings
from ingest.landing import Batch, land
from ingest.streaming.chains import Chains, Log
from ingest.streaming.decoding import Decoder
from ingest.streaming.messages import Messages
from ingest.streaming.topics import Topic
from ingest.workspace import Workspace
from watchhouse.layout import Home
from watchhouse.ledger import Entry
from watchhouse.pseudonyms import Pseudonymiser


@dataclass(frozen=True)
class MicroBatch:
    """Messages of a log from `start` on; offsets between it and the first of them are missing."""

    topic: Topic
    log: Log
    start: int
    messages: Messages

    @property
    def end(self) -> int:
        """The offset after the last message."""
        return self.messages.offsets[-1] + 1


@dataclass(frozen=True)
class Landing:
    """What became of a batch: its entry, or None if another loader has landed these messages."""

    batch: MicroBatch
    entry: Entry | None


class Lander:
    """Lands batches one after the other in a thread of its own."""

    def __init__(self, home: Home, chains: Chains, pseudonymiser: Pseudonymiser) -> None:
        """Write nothing yet."""
        self._home = home
        self._chains = chains
        self._pseudonymiser = pseudonymiser
        self._decoders: dict[str, Decoder] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="land")
        self._pending: Future[list[Landing]] | None = None
        # A place and file names of its own: nobody has to wait for a loader that hangs.
        key = secrets.token_hex(8)
        self._workspace = Workspace(home, f"stream-{key}", suffix=f"-{key}")
        self._is_acquired = False

    @property
    def is_busy(self) -> bool:
        """Whether batches are being landed."""
        return self._pending is not None and not self._pending.done()

    @property
    def has_news(self) -> bool:
        """Whether `collect` has something to tell without waiting."""
        return self._pending is not None and self._pending.done()

    def put(self, batches: Sequence[MicroBatch]) -> None:
        """Take batches; those taken before have been collected."""
        if self._pending is not None:
            message = "batches are put before the ones before are collected"
            raise RuntimeError(message)
        self._pending = self._pool.submit(self._land_all, batches)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is being landed, or for some time; return whether nothing is."""
        if self._pending is not None:
            try:
                self._pending.exception(seconds)
            except TimeoutError:
                return False
        return True

    def collect(self) -> list[Landing]:
        """Return what became of the batches that were put.

        Raises:
            OSError, WatchhouseError: the lake cannot be written, or a record not be decoded.
        """
        pending, self._pending = self._pending, None
        return [] if pending is None else pending.result()

    def close(self) -> None:
        """End the thread, after what it is landing."""
        self._pool.shutdown()
        for decoder in self._decoders.values():
            decoder.close()
        if self._is_acquired:
            self._workspace.release(self._chains.ledger)
            self._is_acquired = False

    def _land_all(self, batches: Sequence[MicroBatch]) -> list[Landing]:
        return [Landing(batch, self._land(batch)) for batch in batches]

    def _land(self, batch: MicroBatch) -> Entry | None:
        if not self._chains.may_start(batch.log, batch.start):
            return None
        if not self._is_acquired:
            self._workspace.acquire(wait=True)
            self._is_acquired = True
        self._workspace.prepare(self._chains.ledger)
        topic, log, batch_id = batch.topic, batch.log, batch.log.batch_id(batch.start)
        decoder = self._decoders.get(topic.name)
        if decoder is None:
            decoder = self._decoders[topic.name] = Decoder(topic, self._pseudonymiser)
        return land(
            decoder.decode(batch.messages),
            Batch(
                batch_id=batch_id,
                stream=topic.stream,
                source=topic.mapping.source,
                source_kind="kafka",
                source_uri=log.uri,
                content_hash=batch_id,
                landed_at=datetime.now(UTC),
            ),
            home=self._home,
            ledger=self._chains.ledger,
            workspace=self._workspace,
            pseudonymiser=None,
            mapping=lambda: mappings.effective(topic.mapping, topic.stream, decoder.names),
            commit=lambda entry: self._chains.commit(log, entry),
            kafka=lambda: _offsets(batch),
        )


def _offsets(batch: MicroBatch) -> dict[str, Any]:
    """Return what the ledger keeps of a batch's offsets; read + gaps = end - start."""
    log, messages = batch.log, batch.messages
    return {
        "cluster": log.cluster,
        "topic": log.topic,
        "generation": log.generation,
        "partition": log.partition,
        "start_offset": batch.start,
        "end_offset": batch.end,
        "gap_count": batch.end - batch.start - len(messages.offsets),
        "null_count": messages.values.count(None),
    }
