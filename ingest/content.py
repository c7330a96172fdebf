"""The bytes of a file, uncompressed, and what identifies them."""

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, Self

from watchhouse.errors import InputFileError

Compression = Literal["gzip", "zstd"]

_MAGIC: Final[dict[bytes, Compression]] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
HEAD_BYTES: Final = 1024 * 1024
"""How much of the start of a file is looked at to tell its format."""


class Stream(Protocol):
    """Uncompressed bytes, read forwards."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the start of `buffer`; return how many bytes, 0 at the end."""

    def close(self) -> None:
        """Release the file."""


@dataclass(frozen=True)
class Content:
    """A file that can be read.

    `head` holds the first `HEAD_BYTES` uncompressed bytes, which `is_whole` says are all of them;
    `stamp` tells whether the file changed since.
    """

    path: Path
    compression: Compression | None
    head: bytes
    is_whole: bool
    stamp: tuple[int, int]

    def open(self) -> "Reading":
        """Read the content again, from its start."""
        return Reading(self.path, self.compression)

    def confirm_unchanged(self) -> None:
        """Refuse a file that was written to while it was read.

        Raises:
            InputFileError: what was read is not what was hashed.
        """
        if _stamp(self.path) != self.stamp:
            message = f"{self.path}: changed while it was read; run again when it is complete"
            raise InputFileError(message)


class Reading:
    """A stream over a file, whose failures name the file and the remedy."""

    def __init__(self, path: Path, compression: Compression | None) -> None:
        """Open the file.

        Raises:
            InputFileError: it is missing, not a file, or not readable.
        """
        self._path = path
        self._compression = compression
        try:
            self._stream = _open(path, compression)
        except OSError as error:
            raise unreadable(path, error) from error

    def read_into(self, buffer: memoryview) -> int:
        """Fill `buffer`; return how many bytes, fewer than it holds at the end only.

        Raises:
            InputFileError: the compressed data is cut short or damaged, or the disk failed.
        """
        filled = 0
        try:
            while filled < len(buffer) and (size := self._stream.readinto(buffer[filled:])):
                filled += size
        except OSError as error:
            if self._compression is None:
                raise unreadable(self._path, error) from error
            message = (
                f"{self._path}: the {self._compression} data is cut short or damaged "
                f"({error}); fetch the file again"
            )
            raise InputFileError(message) from error
        return filled

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end; otherwise as `read_into`."""
        buffer = bytearray(size)
        filled = self.read_into(memoryview(buffer))
        return bytes(buffer) if filled == size else bytes(buffer[:filled])

    def close(self) -> None:
        """Release the file."""
        self._stream.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the file."""
        self.close()


def _open(path: Path, compression: Compression | None) -> Stream:
    if compression is None:
        return open(path, "rb", buffering=0)  # noqa: PTH123 - Reading closes it
    import pyarrow as pa  # noqa: PLC0415

    # Bounded pieces, members in sequence, and an error where the data ends early.
    stream: Stream = pa.CompressedInputStream(pa.OSFile(str(path)), compression)
    return stream


def unreadable(path: Path, error: OSError) -> InputFileError:
    """Say why a file cannot be read."""
    remedy = {
        FileNotFoundError: "there is no such file; check the path",
        PermissionError: "may not be read; change its permissions",
        IsADirectoryError: "is a folder",
    }.get(type(error), f"cannot be read ({error.strerror or error})")
    return InputFileError(f"{path}: {remedy}")


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def open_content(path: Path) -> Content:
    """Look at a file and read its head.

    Raises:
        InputFileError: it is missing, empty, damaged or not readable.
    """
    try:
        if path.is_dir():
            message = (
                f"{path}: is not a regular file but a folder that cannot be listed; change its "
                "permissions"
            )
            raise InputFileError(message)
        if not path.is_file() and path.exists():
            message = f"{path}: is not a regular file; save its content to a file first"
            raise InputFileError(message)
        stamp = _stamp(path)
        with path.open("rb") as handle:
            magic = handle.read(4)
            # The whole file is read twice, forwards.
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
    except OSError as error:
        raise unreadable(path, error) from error
    compression = next((kind for start, kind in _MAGIC.items() if magic.startswith(start)), None)
    with Reading(path, compression) as reading:
        head = reading.read(HEAD_BYTES)
        is_whole = not reading.read(1)
    if not head:
        message = f"{path}: is empty; there is nothing to land"
        raise InputFileError(message)
    return Content(path, compression, head, is_whole, stamp)


@dataclass(frozen=True)
class Digest:
    """SHA-256 of the uncompressed content, as hex digits, and the number of its bytes."""

    content_hash: str
    size: int


class Hashing:
    """Reads a whole file once to hash it, on a thread of its own; leaving the context stops it."""

    def __init__(self, content: Content) -> None:
        """Name the content; nothing is read before the context is entered."""
        self._content = content
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        """Start reading."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._future = self._pool.submit(self._read)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop reading, if the file is not done."""
        self._stopped.set()
        self._pool.shutdown()

    def _read(self) -> Digest:
        digest = hashlib.sha256()
        size = 0
        buffer = memoryview(bytearray(HEAD_BYTES))
        with self._content.open() as reading:
            while not self._stopped.is_set() and (filled := reading.read_into(buffer)):
                digest.update(buffer[:filled])
                size += filled
        return Digest(digest.hexdigest(), size)

    def is_done(self) -> bool:
        """Tell whether the result is there."""
        return self._future.done()

    def result(self) -> Digest:
        """Wait for the result.

        Raises:
            InputFileError: the content is damaged or cannot be read.
        """
        return self._future.result()
