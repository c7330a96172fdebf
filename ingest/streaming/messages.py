"""Messages of one partition as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.streaming.fetched import Headers


@dataclass
class Messages:
    """Messages of one partition as columns, in the order of their offsets.

    `timestamps` are milliseconds since 1970, -1 where unknown; `headers` holds an offset only if
    its message has some.
    """

    offsets: list[int] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    headers: dict[int, Headers] = field(default_factory=dict)
    size: int = 0
    """Bytes of keys and values, about."""

    def pick(self, indexes: Sequence[int]) -> "Messages":
        """Return the messages at some indexes."""
        offsets = [self.offsets[index] for index in indexes]
        return Messages(
            offsets,
            [self.values[index] for index in indexes],
            [self.keys[index] for index in indexes],
            [self.timestamps[index] for index in indexes],
            {o: self.headers[o] for o in offsets if o in self.headers},
        )

    def slice(self, start: int, stop: int) -> "Messages":
        """Return some of the messages."""
        offsets = self.offsets[start:stop]
        return Messages(
            offsets,
            self.values[start:stop],
            self.keys[start:stop],
            self.timestamps[start:stop],
            {o: self.headers[o] for o in offsets if o in self.headers} if self.headers else {},
        )
