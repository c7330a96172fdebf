"""Processes that end with the one that started them, whatever that one died of.

One that is killed cannot tell its children. But the system closes what it held, so a child that
reads a pipe whose other end only its parent has comes to the end of it, on every system.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Final

_GRACE_SECONDS: Final = 30
"""How long a process may take to end once it is told to: longer than requests at hand may."""


def end_with_input() -> None:
    """End this process, as if told to by SIGTERM, once its standard input comes to an end."""

    def wait() -> None:
        while os.read(0, 1024):
            pass

    _end_after(wait)


def end_with_parent() -> None:
    """End this process, as if told to by SIGTERM, once the one is gone that made it a worker.

    Does nothing in a process that `multiprocessing` did not make.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


def _end_after(wait: Callable[[], object]) -> None:
    def end() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=end, name="lifeline", daemon=True).start()
