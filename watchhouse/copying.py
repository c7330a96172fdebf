"""A file that is copied beside other work, for whoever needs the copy later."""

import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from watchhouse.storage import sync


class Copy:
    """A copy that is being made. It is on the disk when it is taken."""

    def __init__(self, source: Path, path: Path, made: "Future[None]") -> None:
        """Know of what and where it is made, and what tells when it is done."""
        self.source: Final = source
        self._path = path
        self._made = made

    def take(self, path: Path) -> None:
        """Wait for it and give it its name, on the same disk.

        Raises:
            OSError: it could not be made.
        """
        self._made.result()
        self._path.rename(path)


@contextmanager
def copied(source: Path, path: Path) -> Iterator[Copy]:
    """Copy a file to `path` while the block runs; what nobody takes is removed at its end."""
    with ThreadPoolExecutor(1, thread_name_prefix="copy") as threads:
        try:
            yield Copy(source, path, threads.submit(_copy, source, path))
        finally:
            threads.shutdown()
            path.unlink(missing_ok=True)


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    sync(path)
