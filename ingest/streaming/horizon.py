"""Logs that end before what the ledger has of them."""

import time
from typing import TYPE_CHECKING, Final

from ingest.streaming.cursors import Cursor
from watchhouse.errors import BrokerError

if TYPE_CHECKING:
    from ingest.streaming.chains import Log

_PATIENCE_SECONDS: Final = 5.0
"""A broker that has just come back may not yet know where its logs end."""


class Horizon:
    """Remembers since when logs have ended too early."""

    def __init__(self) -> None:
        """Doubt nothing yet."""
        self._since: dict[Log, float] = {}

    @property
    def is_in_doubt(self) -> bool:
        """Whether a log ended too early when it was last looked at."""
        return bool(self._since)

    def check(self, cursor: Cursor, end: int) -> None:
        """Refuse to go on with a log that ends before the cursor.

        Raises:
            BrokerError: it still does after a while.
        """
        log = cursor.log
        if end >= cursor.next_offset:
            self._since.pop(log, None)
            return
        now = time.monotonic()
        if now - self._since.setdefault(log, now) < _PATIENCE_SECONDS:
            return
        message = (
            f"{log.topic}, partition {log.partition}: ends at offset {end}, but messages up to "
            f"{cursor.next_offset} have been landed: the topic was emptied, or restored from a "
            "copy. What is landed stays. To read the topic from its start as a new one, set "
            "WATCHHOUSE_KAFKA_GENERATION to a word that was not used before."
        )
        raise BrokerError(message)
