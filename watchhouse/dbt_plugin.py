"""What dbt needs from us before it opens the build database; named in `profiles.yml`."""

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

from watchhouse.fingerprint import code_version


class Plugin(BasePlugin):
    """Makes the folder of the build database and tells the models which code they are."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Compute the code version once per process."""
        del plugin_config
        self._code_version = code_version()

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Make the folder: DuckDB creates a file, never a folder, and `dbt build` works alone."""
        del config
        if creds.path != ":memory:":
            Path(creds.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_cursor(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Set the variable `code_version`, which the run record in schema `history` keeps."""
        cursor.execute(f"set variable code_version = '{self._code_version}'")
