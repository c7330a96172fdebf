"""DuckDB by itself, at its best: a file of events to partitioned Parquet, everything as text.

Run as `python bare.py INPUT OUTPUT_FOLDER`; no line numbers, pseudonyms, rejects or ledger.
"""

import sys

import duckdb

COLUMNS = (
    "event_id",
    "user_id",
    "show_name",
    "watch_date",
    "watch_duration_minutes",
    "season",
    "episode",
    "device",
    "country",
)

source, target = sys.argv[1:]
if source.endswith(".csv"):
    reader = f"read_csv('{source}', all_varchar = true, header = true)"
else:
    columns = ", ".join(f"{name}: 'VARCHAR'" for name in COLUMNS)
    reader = f"read_json('{source}', format = 'newline_delimited', columns = {{{columns}}})"
connection = duckdb.connect()
connection.execute("set partitioned_write_flush_threshold = 65536")
connection.execute(
    f"copy (select *, '{source}' as file, 'b0' as batch from {reader}) "  # noqa: S608 - our paths
    f"to '{target}' (format parquet, compression zstd, partition_by (batch))"
)
