"""The right to build, and the open build database, from one build to the next.

Opening the file of a long history takes as long as a small build: what the log beside it holds is
done again, and what was read before is read from the disk. So a process that builds without end
keeps both for as long as nobody else wants them.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import duckdb

from watchhouse.errors import one_line
from watchhouse.locks import builder_lock, hand_over, is_wanted
from watchhouse.state import build_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from watchhouse.layout import Home

logger = logging.getLogger(__name__)

_LOG_BYTES: Final = 256 * 1024 * 1024
"""How long the log beside the database may become, which a process that opens it does again."""


class Hold:
    """The builder lock of a home and its build database, held by this process."""

    def __init__(self, home: Home, *, lock_timeout: float) -> None:
        """Hold nothing yet; wait for another builder no longer than so many seconds."""
        self._home = home
        self._lock_timeout = lock_timeout
        self._held: ExitStack | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._file: tuple[int, int] | None = None

    @contextmanager
    def taken(self, *, keep: bool) -> Iterator[None]:
        """Hold both inside the block, and with `keep` afterwards too, unless it fails.

        Whoever opens the database there in this process shares what the engine knows of it, and the
        engine writes what has changed into the file at the end, or now and then.

        Raises:
            LockTimeoutError: another builder did not finish in time.
            BuildError: the file is no database of this version of DuckDB.
        """
        if self._file != _identity(self._home.build_database):
            # Somebody has put it away: what is held is not there any more.
            self.let_go()
        self.give_way()
        try:
            if self._held is None:
                self._take()
            yield
            if keep:
                self._shorten_log()
        except BaseException:
            self.let_go()
            raise
        if not keep or self._connection is None:
            self.let_go()

    def give_way(self) -> None:
        """Let go if another process waits, and let it begin."""
        if self._held is not None and is_wanted(self._home.builder_lock):
            self.let_go()
            hand_over(self._home.builder_lock)

    def let_go(self) -> None:
        """Hold nothing any more; what has changed is in the file afterwards."""
        held, self._held, self._connection, self._file = self._held, None, None, None
        if held is not None:
            held.close()

    def _take(self) -> None:
        self._held = ExitStack()
        lock = builder_lock(self._home.builder_lock, timeout=self._lock_timeout)
        self._held.enter_context(lock)
        if self._home.build_database.exists():
            self._connection = self._held.enter_context(build_database(self._home))
            self._file = _identity(self._home.build_database)

    def _shorten_log(self) -> None:
        log = self._home.build_database.with_name(f"{self._home.build_database.name}.wal")
        if self._connection is None or not log.exists() or log.stat().st_size < _LOG_BYTES:
            return
        try:
            self._connection.execute("checkpoint")
        except duckdb.Error as error:
            # What was done stands in the log.
            logger.warning("the log of the build database stays: %s", one_line(error))
            self.let_go()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
