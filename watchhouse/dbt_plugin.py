"""What dbt needs from us before it opens the build database; named in `profiles.yml`."""

import weakref
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError

from watchhouse import locks
from watchhouse.errors import WatchhouseError
from watchhouse.fingerprint import code_version
from watchhouse.settings import load_settings


class Plugin(BasePlugin):
    """Takes the builder lock and tells the models which code they are."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Compute the code version once per process."""
        del plugin_config
        self._code_version = code_version()
        self._has_lock = False

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Wait for other builders; also makes the folder, which DuckDB would not.

        Called whenever the file is opened, which is several times in one invocation of dbt. The
        lock is kept in between, and given back when dbt drops its environment, and with it this
        object, at the end of the invocation.
        """
        del config
        if creds.path == ":memory:" or self._has_lock:
            return
        lock = Path(creds.path).absolute().parent / "builder.lock"
        try:
            locks.acquire(lock, timeout=load_settings().lock_timeout)
        except WatchhouseError as error:
            # dbt prints its own errors as one line and any other with a traceback.
            raise DbtRuntimeError(str(error)) from error
        self._has_lock = True
        weakref.finalize(self, locks.release, lock)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the variable `code_version`, which the run record in schema `history` keeps."""
        cursor.execute(f"set variable code_version = '{self._code_version}'")
