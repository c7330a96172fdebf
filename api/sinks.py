"""Where accepted events go: a sink answers once they are safe."""

import asyncio
import logging
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from api.events import Event
from api.problems import ProblemError
from watchhouse.spool import SpoolWriter, is_full

_LOGGER: Final = logging.getLogger("watchhouse.api")
_RETRY_SECONDS: Final = 5


class Sink(Protocol):
    """Takes events whose identifiers already are pseudonyms."""

    async def store(self, events: Sequence[Event]) -> None:
        """Return once the events are safe, whatever dies.

        Raises:
            ProblemError: they may not; whoever sent them sends them again.
        """

    async def close(self) -> None:
        """Finish what is at hand."""


class SpoolSink:
    """Lines in files on this machine, which the loader drains."""

    def __init__(self, folder: Path) -> None:
        """Belong to the event loop that runs now."""
        self._folder = folder
        self._loop = asyncio.get_running_loop()
        self._writer: SpoolWriter[asyncio.Future[None]] = SpoolWriter(
            folder, committed=self._committed
        )
        self._is_failing = False

    async def store(self, events: Sequence[Event]) -> None:
        """Write the events as lines, together with those of other requests."""
        future = self._loop.create_future()
        self._writer.append(b"".join([event.line for event in events]), future)
        try:
            # A sender that hangs up does not take its lines back.
            await asyncio.shield(future)
        except OSError as error:
            raise self._refusal(error) from error

    async def close(self) -> None:
        """Seal what is written."""
        await asyncio.to_thread(self._writer.close)

    def _committed(self, futures: Sequence["asyncio.Future[None]"], error: OSError | None) -> None:
        self._loop.call_soon_threadsafe(self._settle, futures, error)

    def _settle(self, futures: Sequence["asyncio.Future[None]"], error: OSError | None) -> None:
        for future in futures:
            if not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
        if error is None:
            self._is_failing = False
        elif not self._is_failing:
            self._is_failing = True
            _LOGGER.error("error: %s: cannot be written (%s)", self._folder, error.strerror)

    @staticmethod
    def _refusal(error: OSError) -> ProblemError:
        why = "the disk is full" if is_full(error) else "the disk cannot be written"
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "not-stored",
            f"{why}; nothing was accepted. Send the same again later.",
            headers={"Retry-After": str(_RETRY_SECONDS)},
        )
