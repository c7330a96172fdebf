"""The bytes of a file, uncompressed, and what identifies them."""

import hashlib
import os
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
    """A file whose bytes were all read once: it is whole, and this is its hash.

    `head` holds the first `HEAD_BYTES` uncompressed bytes; `size` counts uncompressed bytes;
    `stamp` tells whether the file changed since.
    """

    path: Path
    compression: Compression | None
    content_hash: str
    head: bytes
    size: int
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


def read_content(path: Path) -> Content:
    """Read a whole file once: hash it, keep its head.

    The hash is SHA-256 of the uncompressed bytes.

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
    digest = hashlib.sha256()
    size = 0
    head = b""
    buffer = memoryview(bytearray(HEAD_BYTES))
    with Reading(path, compression) as reading:
        while filled := reading.read_into(buffer):
            head = head or bytes(buffer[:filled])
            digest.update(buffer[:filled])
            size += filled
    if not size:
        message = f"{path}: is empty; there is nothing to land"
        raise InputFileError(message)
    return Content(path, compression, digest.hexdigest(), head, size, stamp)
