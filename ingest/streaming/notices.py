"""What is said of a broker, once for each change."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from ingest.streaming.broker import Partition
from watchhouse.errors import BrokerError

_LOGGER: Final = logging.getLogger("watchhouse.ingest")


class Notices:
    """Remembers what was said, so that nothing is said twice."""

    def __init__(self, servers: str, topics: Sequence[str]) -> None:
        """Speak of these brokers and topics."""
        self._servers = servers
        self._topics = topics
        self._missing: set[str] = set()
        self._unreachable_since: float | None = None

    def unreachable(self, error: Exception) -> None:
        """Say that no broker answers."""
        if self._unreachable_since is None:
            self._unreachable_since = time.monotonic()
            reason = " ".join(str(error).split()) or type(error).__name__
            _LOGGER.warning(
                "no broker answers at %s (%s); trying again until one does", self._servers, reason
            )

    def reachable(self) -> None:
        """Say that one answers, if none did before."""
        if self._unreachable_since is not None:
            seconds = time.monotonic() - self._unreachable_since
            _LOGGER.info("the broker answers again, after %.0f s", seconds)
        self._unreachable_since = None

    def missing(self, partitions: Callable[[str], Collection[int]], *, must_exist: bool) -> None:
        """Say which topics do not exist.

        Raises:
            BrokerError: one does not, and all of them must.
        """
        missing = {name for name in self._topics if not partitions(name)}
        for name in sorted(missing - self._missing):
            if must_exist:
                message = f"there is no topic {name!r} at the broker; create it or correct its name"
                raise BrokerError(message)
            _LOGGER.warning("there is no topic %r yet; waiting for it", name)
        self._missing = missing

    def recreated(self, at: Partition) -> None:
        """Say that a topic is no longer the one that it was."""
        _LOGGER.warning(
            "%s, partition %d: the topic was made anew; reading it from its start",
            at.topic,
            at.partition,
        )
