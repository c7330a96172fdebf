"""Rendered answers of one release, bounded in bytes."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import pydantic_core

from watchhouse.manifests import ReleaseManifest

OVERHEAD: Final = 1024
"""Bytes that an answer takes besides its body, for its names, headers and places in memory."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One answer."""

    body: bytes
    media_type: str
    manifest: ReleaseManifest
    next_cursor: str | None = None

    def packed(self) -> bytes:
        """Return it as bytes, for other workers."""
        return pydantic_core.to_json([self.media_type, self.next_cursor]) + b"\n" + self.body


class Cache:
    """Rendered answers of one release, bounded in bytes; the least lately used goes first."""

    def __init__(self, size: int) -> None:
        """Keep at most `size` bytes."""
        self._size = size
        self._release: ReleaseManifest | None = None
        self._left = size
        self._kept: OrderedDict[str, Rendered] = OrderedDict()

    def get(self, tag: str) -> Rendered | None:
        """Return the answer with this tag."""
        found = self._kept.get(tag)
        if found is not None:
            self._kept.move_to_end(tag)
        return found

    def put(self, tag: str, rendered: Rendered) -> None:
        """Keep an answer."""
        if rendered.manifest is not self._release:
            self._kept.clear()
            self._left = self._size
            self._release = rendered.manifest
        if len(rendered.body) > self._size // 8 or tag in self._kept:
            return
        self._kept[tag] = rendered
        self._left -= len(rendered.body) + OVERHEAD
        while self._left < 0:
            _, gone = self._kept.popitem(last=False)
            self._left += len(gone.body) + OVERHEAD
