"""How far a loader is: in each log, and in all."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.streaming.chains import Log
from ingest.streaming.decoding import Messages
from watchhouse.ledger import Entry


@dataclass(frozen=True)
class Progress:
    """What a loader has done since it started; `lag` is what it knows is still to come."""

    batches: int = 0
    read: int = 0
    landed: int = 0
    rejected: int = 0
    nulls: int = 0
    gaps: int = 0
    lag: int = 0
    partitions: int = 0
    is_reachable: bool = False

    def after(self, entry: Entry) -> "Progress":
        """Return the progress with one more batch."""
        kafka = entry.kafka or {"null_count": 0, "gap_count": 0}
        return replace(
            self,
            batches=self.batches + 1,
            read=self.read + entry.read_count,
            landed=self.landed + entry.landed_count,
            rejected=self.rejected + entry.rejected_count,
            nulls=self.nulls + kafka["null_count"],
            gaps=self.gaps + kafka["gap_count"],
        )


@dataclass
class Cursor:
    """Where we are in a log: messages from `start` on are gathered, `next_offset` comes next."""

    log: Log
    start: int
    next_offset: int
    messages: Messages = field(default_factory=Messages)

    def gather(self, records: Sequence[Any]) -> bool:
        """Add records of the client library; return whether there was anything new in them."""
        if records[0].offset < self.next_offset:
            records = [record for record in records if record.offset >= self.next_offset]
            if not records:
                return False
        gathered = self.messages
        values = [record.value for record in records]
        keys = [record.key for record in records]
        gathered.offsets += [record.offset for record in records]
        gathered.timestamps += [record.timestamp for record in records]
        gathered.values += values
        gathered.keys += keys
        gathered.headers.update((r.offset, r.headers) for r in records if r.headers)
        gathered.size += sum(map(len, filter(None, values))) + sum(map(len, filter(None, keys)))
        self.next_offset = records[-1].offset + 1
        return True

    def take(self) -> tuple[int, Messages]:
        """Return where the gathered messages start, and them; nothing is gathered then."""
        start, messages = self.start, self.messages
        self.start, self.messages = self.next_offset, Messages()
        return start, messages
