"""Requests that were sent before, as far as memory reaches.

Workers that share a Redis know what any of them has stored. Without one, and while two work on the
same request at once, it is the ids derived from the key that make repeats one event.
"""

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from api.events import IdempotencyKey
from api.shared import Shared

_MOST_REQUESTS: Final = 50_000
_MOST_IDS: Final = 500_000
_SHARED_SECONDS: Final = 86_400


@dataclass(frozen=True)
class _Known:
    fingerprint: bytes
    event_ids: "asyncio.Future[tuple[str, ...]]"


class OtherBodyError(Exception):
    """The key was used for another request."""


class Requests:
    """The last requests that bore a key, and the ids of their events."""

    def __init__(
        self,
        *,
        most_requests: int = _MOST_REQUESTS,
        most_ids: int = _MOST_IDS,
        shared: Shared | None = None,
    ) -> None:
        """Remember at most so many requests, of at most so many events together."""
        self._shared = shared
        self._most_requests = most_requests
        self._most_ids = most_ids
        self._known: OrderedDict[IdempotencyKey, _Known] = OrderedDict()
        self._count = 0

    async def find(self, key: IdempotencyKey, fingerprint: bytes) -> tuple[str, ...] | None:
        """Return the ids of an equal request, once it is done; None if there was none.

        Raises:
            OtherBodyError: the request was another one.
        """
        known = self._known.get(key)
        while known is not None:
            if known.fingerprint != fingerprint:
                raise OtherBodyError
            try:
                return await asyncio.shield(known.event_ids)
            except asyncio.CancelledError:
                if not known.event_ids.cancelled():
                    raise
            # The first one failed. Of those that waited for it, one is the first now.
            known = self._known.get(key)
        return None

    def begin(self, key: IdempotencyKey, fingerprint: bytes) -> None:
        """Note that a request is being worked on; `finish` or `forget` must follow."""
        future: asyncio.Future[tuple[str, ...]] = asyncio.get_running_loop().create_future()
        self._known[key] = _Known(fingerprint, future)

    async def find_elsewhere(
        self, key: IdempotencyKey, fingerprint: bytes
    ) -> tuple[str, ...] | None:
        """Return the ids of an equal request that another worker has stored.

        Raises:
            OtherBodyError: the request was another one.
        """
        if self._shared is None:
            return None
        found = await self._shared.get(_shared_name(key))
        if found is None:
            return None
        known, event_ids = json.loads(found)
        if known != self._shared.hidden(fingerprint):
            raise OtherBodyError
        return tuple(event_ids)

    async def tell(
        self, key: IdempotencyKey, fingerprint: bytes, event_ids: tuple[str, ...]
    ) -> None:
        """Let other workers know what is stored."""
        if self._shared is not None:
            value = json.dumps([self._shared.hidden(fingerprint), event_ids]).encode()
            await self._shared.put(_shared_name(key), value, seconds=_SHARED_SECONDS)

    def finish(self, key: IdempotencyKey, event_ids: tuple[str, ...]) -> None:
        """Note that its events are stored."""
        self._known[key].event_ids.set_result(event_ids)
        self._count += len(event_ids)
        while self._known and (
            len(self._known) > self._most_requests or self._count > self._most_ids
        ):
            oldest, known = next(iter(self._known.items()))
            if not known.event_ids.done():
                break
            self._count -= len(known.event_ids.result())
            del self._known[oldest]

    def forget(self, key: IdempotencyKey) -> None:
        """Note that nothing is known to be stored."""
        self._known.pop(key).event_ids.cancel()


def _shared_name(key: IdempotencyKey) -> str:
    return f"request {json.dumps([key.scope, key.key])}"
