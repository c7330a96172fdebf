"""What dbt needs from us before it opens the build database; named in `profiles.yml`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from dbt_common.invocation import get_invocation_id

from watchhouse import locks
from watchhouse.dbt_contexts import make_contexts_quickly
from watchhouse.errors import WatchhouseError
from watchhouse.fingerprint import code_version
from watchhouse.settings import load_settings

_opened: list[duckdb.DuckDBPyConnection] | None = None
_credentials: DuckDBCredentials | None = None

make_contexts_quickly()


@contextmanager
def kept_open() -> Iterator[None]:
    """Keep the file open inside the block, also while dbt has no node at work.

    dbt opens it anew after each such moment, with a checkpoint before and cold caches afterwards.
    Leaving the block closes it: `keep_open` in the profile would hold it for good.
    """
    global _opened  # noqa: PLW0603 - dbt makes the plugin, so nothing can be handed to it
    _opened = []
    try:
        yield
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        for connection in _opened:
            connection.close()
        _opened = None


@contextmanager
def as_dbt_opened_it() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database that dbt opened last in this process, with the settings of the profile.

    Leaving the block closes it; a transaction that is still open is rolled back.
    """
    if _credentials is None:
        message = "dbt has opened no database in this process yet"
        raise RuntimeError(message)
    handle = environments.create(_credentials).handle()  # type: ignore[no-untyped-call]
    try:
        yield handle.cursor()
    finally:
        handle.close()


class Plugin(BasePlugin):
    """Takes the builder lock and tells the hooks which code and which run of dbt this is."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Compute the code version, for a database in memory that is opened at once."""
        del plugin_config
        self._code_version = code_version()
        if _opened is not None and self.creds is not None:
            self.creds.keep_open = True

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Wait for other builders and look at the code again, whenever the file is opened.

        That is several times in one invocation of dbt, and dbt says nothing at its end. So the
        process that runs dbt keeps the lock until it exits, unless it has the lock anyway, as
        `watchhouse build` does, and gives it back itself. Taking it also makes the folder, which
        DuckDB would not.
        """
        global _credentials  # noqa: PLW0603 - as above
        del config
        self._code_version = code_version()
        _credentials = creds
        if creds.path == ":memory:":
            return
        lock = Path(creds.path).absolute().parent / "builder.lock"
        if locks.is_held(lock):
            return
        try:
            locks.acquire(lock, timeout=load_settings().lock_timeout)
        except WatchhouseError as error:
            # dbt prints its own errors as one line and any other with a traceback.
            raise DbtRuntimeError(str(error)) from error

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Hold on to the database for as long as somebody wants it `kept_open`."""
        if _opened is not None:
            _opened.append(conn)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the variables that the run record in schema `history` keeps."""
        cursor.execute(f"set variable code_version = '{self._code_version}'")
        cursor.execute(f"set variable invocation_id = '{get_invocation_id()}'")
