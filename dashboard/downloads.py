"""Tables as files: what is shown, to take along."""

import io

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


def as_csv(table: pa.Table) -> bytes:
    """Return a table as CSV with a header; lists become text, parted by commas."""
    columns = {
        name: _flat(column) if pa.types.is_list(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    sink = io.BytesIO()
    pyarrow.csv.write_csv(pa.table(columns), sink)
    return sink.getvalue()


def as_parquet(table: pa.Table) -> bytes:
    """Return a table as Parquet."""
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


def file_name(*parts: str, kind: str) -> str:
    """Return a name made of words, fit for any file system."""
    words = "-".join(parts).lower()
    plain = "".join(letter if letter.isalnum() else " " for letter in words)
    return f"{'-'.join(plain.split())}.{kind}"


def _flat(column: pa.ChunkedArray) -> pa.Array:
    texts = [None if value is None else ", ".join(map(str, value)) for value in column.to_pylist()]
    return pa.array(texts, pa.string())
