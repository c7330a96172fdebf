"""DuckDB as the parser of one block of text: one connection and one thread per worker."""

import os
import threading
from typing import TYPE_CHECKING, Final

from ingest.records import MAX_RECORD_BYTES
from watchhouse.errors import InputFileError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_JSON: Final = """
select {selected} from read_json(
    {source}, format = 'newline_delimited', records = true, auto_detect = false,
    columns = {columns}, maximum_object_size = {line_size}
)
"""


class Engine:
    """Parses text that our own splitting has already found to be sound.

    The text is passed as an anonymous file in memory, so that nothing as received touches a disk.
    """

    def __init__(self, label: str) -> None:
        """Open nothing yet: most files of delimited text need no engine.

        `label` names what is parsed, for messages.
        """
        self._label = label
        self._opened: duckdb.DuckDBPyConnection | None = None

    @property
    def _connection(self) -> "duckdb.DuckDBPyConnection":
        """An in-memory database, which never holds more than one block."""
        if self._opened is None:
            import duckdb  # noqa: PLC0415 - not for files that need no engine

            self._opened = duckdb.connect(":memory:", config={"threads": 1, "temp_directory": ""})
            # The same path holds another block each time.
            self._opened.execute("set enable_external_file_cache = false")
        return self._opened

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._opened is not None:
            self._opened.close()

    def json_lines(self, text: memoryview, *, keys: tuple[str, ...]) -> "pa.Table":
        """Parse one JSON object per line; the values of `keys` become `c0`, `c1`, … as text."""
        with _Feed(text) as source:
            return self._run(
                _JSON.format(
                    source=literal(source),
                    selected=", ".join(f"{identifier(k)} as c{i}" for i, k in enumerate(keys)),
                    columns=_struct(keys),
                    line_size=2 * MAX_RECORD_BYTES,
                )
            )

    def as_text(self, table: "pa.Table") -> "pa.Table":
        """Cast every column to text, nested values to JSON text."""
        import pyarrow as pa  # noqa: PLC0415

        selected = ", ".join(
            f"cast(to_json({name}) as varchar) as {name}"
            if pa.types.is_nested(table.schema.field(name).type)
            else f"cast({name} as varchar) as {name}"
            for name in table.column_names
        )
        return self.query(f"select {selected} from given", table)  # noqa: S608 - own names

    def query(self, sql: str, table: "pa.Table") -> "pa.Table":
        """Run SQL over one table, called `given`."""
        connection = self._connection
        connection.register("given", table)
        try:
            return self._run(sql)
        finally:
            connection.unregister("given")

    def _run(self, sql: str) -> "pa.Table":
        import duckdb  # noqa: PLC0415

        try:
            return self._connection.execute(sql).to_arrow_table()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            message = f"{self._label}: the engine cannot read it ({reason}); nothing was landed"
            raise InputFileError(message) from error


class _Feed:
    """Gives text a path that the engine can open."""

    def __init__(self, text: memoryview) -> None:
        self._text = text
        self._thread: threading.Thread | None = None

    def __enter__(self) -> str:
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("block")
            rest = self._text
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            return f"/proc/self/fd/{self._descriptor}"
        self._descriptor, writer = os.pipe()
        self._thread = threading.Thread(target=self._pour, args=(writer,))
        self._thread.start()
        return f"/dev/fd/{self._descriptor}"

    def _pour(self, writer: int) -> None:
        with os.fdopen(writer, "wb") as handle:
            handle.write(self._text)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        if self._thread is not None:
            self._thread.join()


def literal(text: str) -> str:
    """Quote text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _struct(names: "tuple[str, ...] | list[str]") -> str:
    return "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names) + "}"
