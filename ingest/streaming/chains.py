"""Chains of batches: from any offset of a log exactly one batch can ever follow.

The id of a batch is made from where it starts, not from where it ends, and a ledger entry is
created exclusively: of two loaders that resume at the same offset, one lands its batch, and the
other finds the name taken, drops its own and goes on from the end of the winner's. A batch is
landed only where another ended, or at offset 0, so that no two batches ever overlap.
"""

import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import quote, urlencode

from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.storage import make_folders

_FRESH_SECONDS: Final = 60.0
"""Entries of others that are older than this were seen by `refresh`, however they are stored."""


@dataclass(frozen=True)
class Log:
    """A partition of a topic in its present life: a topic made anew is another log."""

    cluster: str
    topic: str
    generation: str
    partition: int

    @property
    def uri(self) -> str:
        """Return the `source_uri` of rows from this log."""
        place = f"{quote(self.cluster, safe='')}/{quote(self.topic, safe='')}"
        rest = urlencode({"generation": self.generation, "partition": self.partition})
        return f"kafka://{place}?{rest}"

    def batch_id(self, start: int) -> str:
        """Return the id of the one batch that starts at an offset."""
        values = {**asdict(self), "start_offset": start}
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class Chains:
    """Where the batches in the ledger end, log by log; may be used by several threads."""

    def __init__(self, home: Home, *, clock: Callable[[], float] = time.time) -> None:
        """Read nothing yet. `clock` also counts while the process is stopped."""
        self._home = home
        self._clock = clock
        self._lock = threading.RLock()
        self._ends: dict[Log, int] = {}
        self._refreshed_at = float("-inf")
        self.ledger = Ledger(home)

    def refresh(self) -> None:
        """Take in what other loaders have committed.

        Raises:
            LakeError: the ledger cannot be read.
        """
        with self._lock:
            self._refreshed_at = self._clock()
            self.ledger.refresh()
            for entry in self.ledger.entries():
                self._extend(entry)

    def _extend(self, entry: Entry) -> None:
        given = entry.kafka
        if given is not None:
            names = ("cluster", "topic", "generation", "partition")
            log = Log(**{name: given[name] for name in names})
            self._ends[log] = max(self._ends.get(log, 0), given["end_offset"])

    def end(self, log: Log) -> int:
        """Return the offset at which the next batch of a log starts."""
        with self._lock:
            return self._ends.get(log, 0)

    def may_start(self, log: Log, start: int) -> bool:
        """Tell whether a batch from `start` on would follow the last one, as far as is known."""
        with self._lock:
            if self._clock() - self._refreshed_at > _FRESH_SECONDS:
                self.refresh()
            return self._ends.get(log, 0) == start

    def commit(self, log: Log, entry: Entry) -> bool:
        """Commit a batch; False if another loader has landed one from the same offset.

        The name must be free on all days, as two loaders may land on either side of midnight.
        What was folded into files of several entries is old: `may_start` has seen it, or sees it
        now, if this process was stopped in between.
        """
        with self._lock, self._committing(log):
            kafka = entry.kafka
            if kafka is None or not self.may_start(log, kafka["start_offset"]):
                return False
            if self.ledger.is_named(entry.batch_id) or not self.ledger.commit(entry):
                self.refresh()
                return False
            self._extend(entry)
            return True

    @contextmanager
    def _committing(self, log: Log) -> Iterator[None]:
        """Hold the log's lock, for the moment between looking and creating."""
        make_folders(self._home.locks)
        path = self._home.locks / f"{log.batch_id(0)}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
