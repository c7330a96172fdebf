"""How far a loader is: in each log, and in all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingest.streaming.chains import Log
from ingest.streaming.fetched import Fetched
from ingest.streaming.messages import Messages
from watchhouse.ledger import Entry
from watchhouse.settings import Settings


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

    def gather(self, batches: Sequence[Fetched]) -> bool:
        """Add fetched messages; return whether there was anything new in them."""
        gathered = self.messages
        before = self.next_offset
        for batch in batches:
            if batch.offset < self.next_offset:
                continue
            found = batch.since(self.next_offset)
            gathered.offsets += found.offsets
            gathered.timestamps += found.timestamps
            gathered.values += found.values
            gathered.keys += found.keys
            gathered.headers.update(found.headers)
            gathered.size += sum(map(len, filter(None, found.values)))
            gathered.size += sum(map(len, filter(None, found.keys)))
            self.next_offset = found.offset + 1
        return self.next_offset > before

    def take(self) -> tuple[int, Messages]:
        """Return where the gathered messages start, and them; nothing is gathered then."""
        start, messages = self.start, self.messages
        self.start, self.messages = self.next_offset, Messages()
        return start, messages


def is_full(cursors: Iterable[Cursor], settings: Settings) -> bool:
    """Tell whether enough is gathered for a batch, however young it is."""
    gathered = [cursor.messages for cursor in cursors]
    return (
        sum(len(messages.offsets) for messages in gathered) >= settings.kafka_batch_rows
        or sum(messages.size for messages in gathered) >= settings.kafka_batch_bytes
    )
