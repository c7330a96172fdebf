"""Memory that several instances and workers share, on a server that speaks as Redis does.

Without one, or while it is away, each worker goes on with its own memory: nothing here fails a
request. What is kept is signed under the key of the home, so that who writes to the server cannot
make us answer with it; and names are hashed, so that it lists neither keys nor questions.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Self, TypeVar

from watchhouse.errors import SettingsError, one_line
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
_LOGGER: Final = logging.getLogger("watchhouse.api")
_SECONDS: Final = 0.25
"""How long the server may take; a worker's own memory is better than waiting longer."""
_PAUSE: Final = 5.0
"""Seconds until a server that did not answer is asked again."""
_SIGNATURE: Final = 64
MOST_BYTES: Final = 1024 * 1024
"""Larger values stay with the worker that has them."""


class Shared:
    """Values and counters under names; all of them go by themselves after a while."""

    def __init__(self, server: "Redis", pseudonymiser: Pseudonymiser) -> None:
        """Say nothing to the server yet."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

        self._server = server
        self._pseudonymiser = pseudonymiser
        self._failures = (RedisError, OSError)
        self._is_away = False
        self._again_at = 0.0

    @classmethod
    def made(cls, settings: Settings, pseudonymiser: Pseudonymiser) -> Self | None:
        """Return what the settings name, None if they name nothing.

        Raises:
            SettingsError: it cannot be used.
        """
        url = settings.redis_url
        if url is None:
            return None
        try:
            from redis.asyncio import Redis  # noqa: PLC0415 - an extra, which takes its time
            from redis.asyncio.retry import Retry  # noqa: PLC0415
            from redis.backoff import NoBackoff  # noqa: PLC0415
        except ImportError as error:
            message = (
                "WATCHHOUSE_REDIS_URL is set, but the client is not installed; run "
                "`.venv/bin/pip install --require-hashes -r requirements-redis.txt`"
            )
            raise SettingsError(message) from error
        try:
            server = Redis.from_url(
                url.get_secret_value(),
                socket_timeout=_SECONDS,
                socket_connect_timeout=_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            # It may hold a password, so it is not repeated.
            message = "WATCHHOUSE_REDIS_URL: give redis://HOST:PORT/NUMBER, rediss:// or unix://"
            raise SettingsError(message) from error
        return cls(server, pseudonymiser)

    async def count(self, name: str, *, seconds: int) -> int | None:
        """Count one more under a name that is kept for `seconds`; None if that is not known."""
        key = self._key(name)

        async def work() -> int:
            pipeline = self._server.pipeline(transaction=True)
            pipeline.incr(key)
            pipeline.expire(key, seconds)
            found = await pipeline.execute()
            return int(found[0])

        return await self._tried(work)

    async def get(self, name: str) -> bytes | None:
        """Return what was put under a name; None if there is nothing that we signed."""
        key = self._key(name)
        found = await self._tried(lambda: self._server.get(key))
        if not isinstance(found, bytes):
            return None
        signature, value = found[:_SIGNATURE], found[_SIGNATURE:]
        return value if signature == self._signature(key, value) else None

    async def put(self, name: str, value: bytes, *, seconds: int) -> None:
        """Keep a value for `seconds`."""
        if len(value) > MOST_BYTES:
            return
        key = self._key(name)
        signed = self._signature(key, value) + value
        await self._tried(lambda: self._server.set(key, signed, ex=seconds))

    async def close(self) -> None:
        """Let the server go."""
        await self._server.aclose()

    async def _tried(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Return what the server says, None while it is away."""
        if self._is_away and time.monotonic() < self._again_at:
            return None
        try:
            found = await work()
        except self._failures as error:
            self._again_at = time.monotonic() + _PAUSE
            if not self._is_away:
                self._is_away = True
                _LOGGER.warning(
                    "Redis does not answer (%s): each worker goes on with its own memory",
                    one_line(error),
                )
            return None
        if self._is_away:
            self._is_away = False
            _LOGGER.warning("Redis answers again")
        return found

    def hidden(self, value: bytes) -> str:
        """Return what tells a value apart and, without the key of the home, nothing of it."""
        return self._pseudonymiser.pseudonym(value.hex()) or ""

    def _key(self, name: str) -> str:
        return f"watchhouse:{self._pseudonymiser.pseudonym(name)}"

    def _signature(self, key: str, value: bytes) -> bytes:
        return self._pseudonymiser.signature(key.encode() + b"\n" + value)
