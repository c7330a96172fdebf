"""The builder lock: one process at a time builds or publishes.

The lock is an advisory `flock`, so the kernel lets it go when its process dies, however it dies.
It belongs to the process: `watchhouse build` takes it, and dbt, which runs inside that process and
would take it as well (see `watchhouse.dbt_plugin`), finds it held. Whoever waits for it says so by
a shared lock on a second file, so that a holder without end can give way.
"""

import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from watchhouse.errors import LakeError, LockTimeoutError
from watchhouse.storage import make_folders

logger = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.1
_HAND_OVER_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Holder:
    """Who holds the lock, as far as it says so itself."""

    pid: int | None
    since: str | None

    def __str__(self) -> str:
        """Name the holder for a message."""
        if self.pid is None:
            return "another process"
        return f"process {self.pid}, since {self.since}"


@dataclass
class _Held:
    """An open lock of this process and how often it was taken."""

    descriptor: int
    count: int


_held: Final[dict[Path, _Held]] = {}
_registry: Final = threading.Lock()


def acquire(path: Path, *, timeout: float) -> None:
    """Take the lock for this process; take it once more if the process holds it already.

    Waits at most `timeout` seconds for another process, and says once that it does.

    Raises:
        LockTimeoutError: naming the process that held the lock all the while.
        LakeError: the lock file cannot be made, as in a read-only home.
    """
    key = path.resolve()
    with _registry:
        held = _held.get(key)
        if held is not None:
            held.count += 1
            return
        descriptor = _open(key)
        try:
            _wait(descriptor, key, timeout)
        except BaseException:
            os.close(descriptor)
            raise
        _held[key] = _Held(descriptor, 1)
    _sign(descriptor)


def release(path: Path) -> None:
    """Give back what one `acquire` took; the last one lets other processes in."""
    key = path.resolve()
    with _registry:
        held = _held[key]
        held.count -= 1
        if held.count == 0:
            del _held[key]
            # The content describes the present holder only. A full disk must not keep the lock.
            with suppress(OSError):
                os.ftruncate(held.descriptor, 0)
            os.close(held.descriptor)


def is_held(path: Path) -> bool:
    """Whether this process holds the lock."""
    with _registry:
        return path.resolve() in _held


def is_wanted(path: Path) -> bool:
    """Whether another process waits for the lock."""
    try:
        descriptor = os.open(_wish(path.resolve()), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _is_taken(descriptor)
    finally:
        os.close(descriptor)


def hand_over(path: Path) -> None:
    """Wait, for a second at most, until a process that waits has the lock that was given back."""
    deadline = time.monotonic() + _HAND_OVER_SECONDS
    while is_wanted(path) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS / 10)


@contextmanager
def builder_lock(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the lock inside the block; see `acquire` for waiting and errors."""
    acquire(path, timeout=timeout)
    try:
        yield
    finally:
        release(path)


@contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock of the lake inside the block; without `wait`, yield False if another has it.

    Unlike the builder lock it belongs to who opened it: threads of one process wait for each other.
    """
    make_folders(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def current_holder(path: Path) -> Holder | None:
    """Return who holds the lock now, or None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # Shared, so that two who only look do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        message = (
            f"cannot write to {path.parent}: {error.strerror}. Building needs a home folder that "
            "can be written to; set WATCHHOUSE_HOME to one."
        )
        raise LakeError(message) from error


def _wait(descriptor: int, path: Path, timeout: float) -> None:
    if _is_taken(descriptor):
        return
    deadline = time.monotonic() + timeout
    if timeout > 0:
        # A warning: under plain `dbt`, where nobody set up logging, it still reaches stderr.
        logger.warning("waiting up to %g s for another builder (%s)", timeout, _read(descriptor))
    with _wishing(path):
        # One more attempt is made at the deadline itself.
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(_POLL_SECONDS, left))
            if _is_taken(descriptor):
                return
    message = (
        f"another builder still works here after {timeout:g} s of waiting ({_read(descriptor)}; "
        f"lock file {path}). Try again when it is done, or wait longer: set "
        "WATCHHOUSE_LOCK_TIMEOUT."
    )
    raise LockTimeoutError(message)


def _is_taken(descriptor: int) -> bool:
    """Take the lock if it is free, and return whether it was."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wish(path: Path) -> Path:
    return path.with_name(f"{path.name}.wanted")


@contextmanager
def _wishing(path: Path) -> Iterator[None]:
    """Say inside the block, if the disk lets us, that this process waits."""
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(_wish(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        # Not for long: who looks holds it for a moment.
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _sign(descriptor: int) -> None:
    """Write into the lock file who holds it: a courtesy, so a full disk does not matter here."""
    content = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(content).encode() + b"\n", 0)


def _read(descriptor: int) -> Holder:
    try:
        content = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(pid=int(content["pid"]), since=str(content["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        # The holder has not signed yet, or could not.
        return Holder(pid=None, since=None)
