"""The record of reads of single users, written beside the event loop.

A disk that makes one write wait would make every other request wait, too, if the loop wrote; here
those that come meanwhile share the next write.
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from api.problems import ProblemError
from api.threads import Threads
from watchhouse.audit import Read, record_reads

Noted: TypeAlias = "asyncio.Future[None]"
_Waiting = list[tuple[Read, Noted]]


class Note:
    """One read that is to be noted before anything is told, and after it is being looked up.

    The look-up takes longer, most of it outside Python: so noting costs no time of its own.
    """

    def __init__(self, audit: "Audit", read: Read) -> None:
        """Note nothing yet."""
        self._audit = audit
        self._read = read
        self._noted: Noted | None = None

    def begin(self) -> Noted:
        """Have it noted, once, and return what is done when it is."""
        if self._noted is None:
            self._noted = self._audit.note(self._read)
        return self._noted


class Audit:
    """Notes reads in the order in which they are made."""

    def __init__(self, folder: Path) -> None:
        """Write below `folder`, nothing before there is a read."""
        self._folder = folder
        self._waiting: _Waiting = []
        self._is_writing = False
        self._thread = Threads(1, name="audit")

    def note(self, read: Read) -> Noted:
        """Have a read noted, and return what is done once it is: before that nothing may be told.

        It fails with a `ProblemError` where the read cannot be noted.
        """
        noted: Noted = asyncio.get_running_loop().create_future()
        self._waiting.append((read, noted))
        if not self._is_writing:
            self._write()
        return noted

    def close(self) -> None:
        """End the thread."""
        self._thread.close()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._is_writing = True
        reads = [read for read, _ in waiting]
        written = self._thread.run(record_reads, self._folder, reads)
        written.add_done_callback(
            lambda done: self._settle([noted for _, noted in waiting], done.exception())
        )

    def _settle(self, those: Sequence[Noted], error: BaseException | None) -> None:
        self._is_writing = False
        for noted in those:
            if noted.done():
                continue
            if error is None:
                noted.set_result(None)
            else:
                noted.set_exception(_refusal(error))
        if self._waiting:
            self._write()


def _refusal(error: BaseException) -> BaseException:
    if not isinstance(error, OSError):
        return error
    detail = "reads of single users cannot be recorded at present, so there are none"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "not-recorded", detail)
