"""Opening releases: read-only, any number of readers, never a lock that a builder waits for.

A reader resolves the pointer `current` once and stays with what it found; a shared lock on the
release keeps the collection of old releases away. `Follower` is for programs that live longer
than a release.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import duckdb

from watchhouse.errors import NoReleaseError, WatchhouseError, one_line
from watchhouse.layout import Home
from watchhouse.manifests import DATABASE_NAME, LOCK_NAME, ReleaseManifest, read_manifest
from watchhouse.storage import sync

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 10
STEPS_OF_LOOK_UPS: Final = frozenset(
    {
        *("build_side_probe_side", "column_lifetime", "deliminator", "filter_pushdown"),
        *("join_filter_pushdown", "limit_pushdown", "row_group_pruner", "top_n", "unused_columns"),
    }
)
"""Steps of the engine's optimiser that let a statement read few rows and columns."""


@dataclass
class Release:
    """An open release. Use one `cursor` per thread; `close` when done, or a `with` block."""

    folder: Path
    manifest: ReleaseManifest
    connection: duckdb.DuckDBPyConnection
    _pin: int | None = field(repr=False)
    _one_core: duckdb.DuckDBPyConnection | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own for one thread; schema names may be left out."""
        cursor = self.connection.cursor()
        cursor.execute("set search_path = 'marts,history,meta'")
        return cursor

    def look_up_cursor(self) -> duckdb.DuckDBPyConnection:
        """Return the same for statements that read few rows: one core, and less is planned.

        To call the other cores to a look-up takes as long as the look-up does, and so does all that
        the optimiser tries, of which little applies. Both are settings of a whole instance of the
        engine, so this is another one.
        """
        with self._lock:
            if self._one_core is None:
                path = str(self.folder / DATABASE_NAME).replace("'", "''")
                self._one_core = duckdb.connect(config={"threads": 1})
                self._one_core.execute(f"attach '{path}' as warehouse (read_only)")
                self._one_core.execute("set global TimeZone = 'UTC'")
                steps = self._one_core.execute("select name from duckdb_optimizers()").fetchall()
                left_out = ",".join(name for (name,) in steps if name not in STEPS_OF_LOOK_UPS)
                self._one_core.execute(f"set global disabled_optimizers = '{left_out}'")
        cursor = self._one_core.cursor()
        schemas = ",".join(f"warehouse.{name}" for name in ("marts", "history", "meta"))
        cursor.execute(f"set search_path = '{schemas}'")
        return cursor

    def close(self) -> None:
        """Let the release go; it may be collected from now on."""
        self.connection.close()
        if self._one_core is not None:
            self._one_core.close()
        if self._pin is not None:
            os.close(self._pin)
            self._pin = None

    def __enter__(self) -> Self:
        """Return the release."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def current_release_id(home: Home) -> int | None:
    """Return the number of the current release, or None before the first one."""
    try:
        # At each request, several times: as text, which costs half of what paths do.
        return int(os.readlink(home.current).rpartition("/")[2])  # noqa: PTH115
    except (OSError, ValueError):
        return None


def point_to(home: Home, release_id: int) -> None:
    """Make a release the current one; readers see the one before until it is."""
    link = home.root / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(home.releases.name) / str(release_id))
    link.replace(home.current)
    sync(home.root)


def current_manifest(home: Home) -> ReleaseManifest:
    """Read what the current release is, without opening it.

    Raises:
        NoReleaseError: nothing has been published yet.
    """
    with _pinned_current(home) as (folder, _):
        return read_manifest(folder)


def open_current(home: Home) -> Release:
    """Open the current release.

    Raises:
        NoReleaseError: nothing has been published yet.
        WatchhouseError: the release is damaged.
    """
    with _pinned_current(home) as (folder, pin):
        return _opened(folder, pin)


def open_kept(home: Home, release_id: int) -> Release | None:
    """Open an earlier release; None when there is none of this number, or no longer.

    Raises:
        WatchhouseError: the release is damaged.
    """
    folder = home.releases / str(release_id)
    pin = _pin(folder)
    if pin is None:
        return None
    try:
        return _opened(folder, pin)
    finally:
        os.close(pin)


def _opened(folder: Path, pin: int) -> Release:
    manifest = read_manifest(folder)
    try:
        connection = duckdb.connect(str(folder / DATABASE_NAME), read_only=True)
        connection.execute("set global TimeZone = 'UTC'")
    except duckdb.Error as error:
        message = f"release {manifest.release_id} in {folder} cannot be opened: {one_line(error)}"
        raise WatchhouseError(message) from error
    return Release(folder, manifest, connection, os.dup(pin))


class Follower:
    """For programs that live longer than a release: always the current one, never a broken query.

    `reading` looks at the pointer. When it has moved, the new release is opened and taken by
    whoever comes next, while those who read the old one finish; the last of them closes it.
    """

    def __init__(self, home: Home) -> None:
        """Nothing is opened until the first `reading`."""
        self._home = home
        self._lock = threading.Lock()
        self._current: Release | None = None
        self._readers: dict[int, int] = {}
        self._lamented_id: int | None = None

    @contextmanager
    def reading(self) -> Iterator[Release]:
        """Yield the current release and keep it open inside the block.

        Raises:
            NoReleaseError: nothing has been published yet.
            WatchhouseError: the only release there is cannot be opened.
        """
        with self._lock:
            release = self._follow()
            self._readers[id(release)] = self._readers.get(id(release), 0) + 1
        try:
            yield release
        finally:
            with self._lock:
                self._readers[id(release)] -= 1
                if self._readers[id(release)] == 0:
                    del self._readers[id(release)]
                    if release is not self._current:
                        release.close()

    def close(self) -> None:
        """Let the current release go once its readers have finished."""
        with self._lock:
            self._replace(None)

    def _follow(self) -> Release:
        known = self._current
        if known is None:
            self._current = open_current(self._home)
            return self._current
        wanted = current_release_id(self._home)
        if wanted == known.manifest.release_id:
            return known
        try:
            release = open_current(self._home)
        except WatchhouseError as error:
            # Reading on from the release at hand is better than not reading at all.
            if wanted != self._lamented_id:
                logger.warning("staying with release %d: %s", known.manifest.release_id, error)
                self._lamented_id = wanted
            return known
        self._replace(release)
        return release

    def _replace(self, release: Release | None) -> None:
        old, self._current = self._current, release
        if old is not None and id(old) not in self._readers:
            old.close()


@contextmanager
def _pinned_current(home: Home) -> Iterator[tuple[Path, int]]:
    """Yield the folder of the current release, locked against collection, and the lock."""
    pin = None
    for _ in range(_ATTEMPTS):
        release_id = current_release_id(home)
        if release_id is None:
            break
        folder = home.releases / str(release_id)
        pin = _pin(folder)
        if pin is not None:
            break
    if pin is None and release_id is not None:
        message = (
            f"{home.current} points to release {release_id}, which is not there. Run "
            "`watchhouse build` to publish it anew."
        )
        raise NoReleaseError(message)
    if pin is None:
        message = (
            f"nothing has been published in {home.root} yet. Run `make demo` for an example, or "
            "`watchhouse ingest FILE…` and then `watchhouse build`."
        )
        raise NoReleaseError(message)
    try:
        yield folder, pin
    finally:
        os.close(pin)


def _pin(folder: Path) -> int | None:
    """Lock a release shared; None when it was collected before we had the lock."""
    path = folder / LOCK_NAME
    try:
        pin = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}; make the releases readable to you"
        raise WatchhouseError(message) from error
    try:
        fcntl.flock(pin, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(pin), path.stat()):
            return pin
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(pin)
    return None
