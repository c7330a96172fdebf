"""Compaction beside other work, now and then, in a process of its own.

It may take minutes, and may be killed at any moment: whoever stops does not wait for it.
"""

import contextlib
import os
import subprocess
import sys
from typing import Final

_COMMAND: Final = (sys.executable, "-m", "watchhouse", "compact")
_NICENESS: Final = 10


class Schedule:
    """Compacts closed days every so many seconds, preferably when there is nothing else to do."""

    def __init__(self, *, every: float, now: float) -> None:
        """Begin when first idle, or a period from `now`; with a period of 0 seconds, never."""
        self._every = every
        self._due, self._overdue = now, now + every
        self.work: subprocess.Popen[bytes] | None = None

    def look(self, now: float, *, is_idle: bool) -> None:
        """Begin a compaction if one is due; seconds of a clock that only goes forward."""
        if self.work is not None and self.work.poll() is not None:
            # What it did, or why it could not, it has said itself.
            self.work = None
        if not self._every or self.work is not None:
            return
        if now >= (self._due if is_idle else self._overdue):
            self._due, self._overdue = now + self._every, now + 2 * self._every
            self.work = subprocess.Popen(_COMMAND, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self.work.pid, _NICENESS)

    def stop(self) -> None:
        """End a compaction that runs; what it has not finished counts for nothing."""
        if self.work is not None:
            self.work.terminate()
            self.work.wait()
            self.work = None
