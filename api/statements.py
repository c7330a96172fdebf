"""What one thread asks one release with: statements that were read once are kept."""

from dataclasses import dataclass
from typing import Any, Final

import duckdb

_MOST: Final = 256
"""Statements. A path has a handful: with and without each filter, a cursor, a bound of users."""


@dataclass(slots=True)
class _Known:
    statement: duckdb.Statement
    names: tuple[str, ...] | None = None
    """Of its columns, once it was run."""


class Statements:
    """Those of one connection.

    Reading the text of a look-up takes a fifth of its time, and what its columns are called is not
    found out for nothing, either.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Run them on `connection`, which stays with the caller."""
        self.connection: Final = connection
        self._known: dict[str, _Known] = {}

    def execute(self, sql: str, values: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        """Run one, and return what its result is fetched from."""
        return self.connection.execute(self._find(sql).statement, values)

    def rows(self, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the rows of one as dictionaries."""
        known = self._find(sql)
        self.connection.execute(known.statement, values)
        if known.names is None:
            known.names = tuple(column[0] for column in self.connection.description or ())
        return [dict(zip(known.names, row, strict=True)) for row in self.connection.fetchall()]

    def _find(self, sql: str) -> _Known:
        known = self._known.get(sql)
        if known is None:
            (statement,) = self.connection.extract_statements(sql)
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[sql] = _Known(statement)
        return known
