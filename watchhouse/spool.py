"""The durable intake on disk: lines that are safe before anybody is told so.

A segment is a file of JSON objects, one per line, identifiers already pseudonyms. Its writer holds
it locked under the name `<id>.open`; sealed, by size, by age or when the writer leaves, it becomes
`<id>.ndjson` and never changes again. An `.open` file that nobody holds is a dead writer's: its
last line, if unfinished, was acknowledged to nobody and is cut off.
"""

import errno
import fcntl
import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from watchhouse.storage import make_folders, sync

logger = logging.getLogger(__name__)

SEAL_SECONDS: Final = 0.25
"""How old the first line of a segment may become before the loader is let at it."""
SEAL_BYTES: Final = 8 * 1024 * 1024
_GROUP_BYTES: Final = 4 * 1024 * 1024
_OPEN: Final = ".open"
_SEALED: Final = ".ndjson"
_CHUNK: Final = 64 * 1024

# Darwin has no fdatasync.
_sync: Final = getattr(os, "fdatasync", os.fsync)

T = TypeVar("T")


@dataclass(frozen=True)
class Segment:
    """A sealed file of the spool."""

    path: Path

    @property
    def segment_id(self) -> str:
        """The id that its batch is derived from: 32 hex digits."""
        return self.path.name.removesuffix(_SEALED)


class SpoolWriter(Generic[T]):
    """Appends lines in a thread of its own; whatever waits is written and synced at one stroke."""

    def __init__(
        self,
        folder: Path,
        *,
        committed: Callable[[Sequence[T], OSError | None], None],
        clock: Callable[[], float] = time.monotonic,
        seal_bytes: int = SEAL_BYTES,
        seal_seconds: float = SEAL_SECONDS,
    ) -> None:
        """Start the thread; nothing is made below `folder` before there is a line to keep.

        `committed` is called in that thread with the tickets of lines that are now on disk, or
        with those that are not and the reason why.
        """
        self._folder = folder
        self._committed = committed
        self._clock = clock
        self._seal_bytes = seal_bytes
        self._seal_seconds = seal_seconds
        self._queue: queue.SimpleQueue[tuple[bytes, T] | None] = queue.SimpleQueue()
        self._segment: _OpenSegment | None = None
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def append(self, lines: bytes, ticket: T) -> None:
        """Have whole lines written; `ticket` is handed to `committed` when that is done."""
        self._queue.put((lines, ticket))

    def close(self) -> None:
        """Write what waits, seal, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            pieces, tickets, goes_on = self._take()
            if pieces:
                self._commit(b"".join(pieces), tickets)
            segment = self._segment
            if segment is not None and (
                not goes_on
                or segment.size >= self._seal_bytes
                or self._clock() >= segment.begun + self._seal_seconds
            ):
                self._segment = None
                segment.seal()

    def _take(self) -> tuple[list[bytes], list[T], bool]:
        """Wait for lines; return all that are there, and whether there will be more."""
        pieces: list[bytes] = []
        tickets: list[T] = []
        size = 0
        wait = None
        if self._segment is not None:
            wait = max(0.0, self._segment.begun + self._seal_seconds - self._clock())
        with suppress(queue.Empty):
            item = self._queue.get(timeout=wait)
            while item is not None:
                pieces.append(item[0])
                tickets.append(item[1])
                size += len(item[0])
                if size >= _GROUP_BYTES:
                    return pieces, tickets, True
                item = self._queue.get_nowait()
            return pieces, tickets, False
        return pieces, tickets, True

    def _commit(self, lines: bytes, tickets: Sequence[T]) -> None:
        try:
            if self._segment is None:
                self._segment = _OpenSegment.create(self._folder, begun=self._clock())
            self._segment.append(lines)
        except OSError as error:
            # What is in the file beyond the last sync is unknown: never write behind it.
            segment, self._segment = self._segment, None
            if segment is not None:
                segment.abandon()
            self._committed(tickets, error)
        else:
            self._committed(tickets, None)


class _OpenSegment:
    """A segment that this process holds."""

    def __init__(self, path: Path, descriptor: int, begun: float) -> None:
        self._path = path
        self._descriptor = descriptor
        self.begun = begun
        self.size = 0
        """Bytes that are certainly on disk."""

    @classmethod
    def create(cls, folder: Path, *, begun: float) -> "_OpenSegment":
        make_folders(folder, mode=0o700)
        while True:
            path = folder / f"{uuid.uuid4().hex}{_OPEN}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(path, flags, 0o600)
            try:
                if _lock(descriptor, path):
                    # The name must survive a power cut no less than the lines.
                    sync(folder)
                    return cls(path, descriptor, begun)
            except OSError:
                path.unlink(missing_ok=True)
                os.close(descriptor)
                raise
            # A drainer took it for abandoned in between, and has removed it.
            os.close(descriptor)

    def append(self, lines: bytes) -> None:
        """Write lines and make them durable."""
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        _sync(self._descriptor)
        self.size += len(lines)

    def seal(self) -> None:
        """Hand the segment over to the loader."""
        try:
            self._path.rename(self._path.with_suffix(_SEALED))
        except OSError as error:
            # It stays as if we had died: the loader seals it.
            logger.warning("warning: %s: left unsealed (%s)", self._path, error.strerror)
        finally:
            os.close(self._descriptor)

    def abandon(self) -> None:
        """Cut off what nobody was told of, and hand the rest over."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, self.size)
        if self.size:
            # Cut or not, the loader drops an unfinished line of a file left open.
            os.close(self._descriptor)
            return
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def sealed_segments(folder: Path) -> list[Segment]:
    """Return what is there to be drained, oldest first."""
    found = []
    for path in folder.glob(f"*{_SEALED}"):
        with suppress(FileNotFoundError):
            found.append((path.stat().st_mtime_ns, path.name, path))
    return [Segment(path) for _, _, path in sorted(found)]


def seal_abandoned(folder: Path) -> int:
    """Seal the segments of writers that died; return how many there were.

    Raises:
        OSError: the spool cannot be written.
    """
    count = 0
    for path in sorted(folder.glob(f"*{_OPEN}")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # Its writer has just sealed it.
        try:
            if _lock(descriptor, path):
                count += _seal_abandoned(descriptor, path)
        finally:
            os.close(descriptor)
    return count


def _seal_abandoned(descriptor: int, path: Path) -> bool:
    """Cut the unfinished last line; tell whether anything is left of the file."""
    size = os.fstat(descriptor).st_size
    end = size
    while end:
        start = max(0, end - _CHUNK)
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            end = start + at + 1
            break
        end = start
    if not end:
        path.unlink()
        return False
    if end < size:
        os.ftruncate(descriptor, end)
    os.fsync(descriptor)
    path.rename(path.with_suffix(_SEALED))
    return True


def _lock(descriptor: int, path: Path) -> bool:
    """Lock a file that is still the one under its name; False if somebody else holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def is_full(error: OSError) -> bool:
    """Tell whether a write failed for lack of room."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
