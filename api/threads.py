"""Threads that work beside the event loop.

The library's pool hands work over by two futures, four locks and a condition: 0.09 ms there and
back. A queue and one future of the loop take a third of that, which is a tenth of a look-up.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")
_Job = tuple["asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Threads:
    """At most so many, started when they are needed; called from one event loop only."""

    def __init__(self, most: int, *, name: str) -> None:
        """Start none yet."""
        self._most: Final = most
        self._name: Final = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._at_hand = 0

    def run(self, work: Callable[..., T], *arguments: Any) -> "asyncio.Future[T]":  # noqa: ANN401 - those of `work`
        """Have `work` done, and return what holds its result or its error once it is."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._at_hand += 1
        if self._at_hand > len(self._threads) < self._most:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._jobs.put((done, work, arguments))
        return done

    def close(self) -> None:
        """Wait for what is at hand, and end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            done, work, arguments = job
            result, error = None, None
            try:
                result = work(*arguments)
            except BaseException as raised:  # noqa: BLE001 - raised where it is waited for
                error = raised
            # The loop may have ended meanwhile: then nobody waits.
            with suppress(RuntimeError):
                done.get_loop().call_soon_threadsafe(self._settle, done, result, error)
            # Or they would live until there is more to do.
            del job, done, work, arguments, result, error

    def _settle(
        self, done: "asyncio.Future[Any]", result: object, error: BaseException | None
    ) -> None:
        self._at_hand -= 1
        if done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)
