"""`watchhouse sql`: ask the current release a question, or the build database with `--build`."""

import argparse
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import duckdb

from watchhouse.errors import QueryError, UsageError, one_line
from watchhouse.locks import builder_lock
from watchhouse.marts import literal
from watchhouse.releases import open_current
from watchhouse.rendering import Result, result_of, write_csv, write_json, write_table
from watchhouse.settings import Settings
from watchhouse.state import build_database

logger = logging.getLogger(__name__)

_WRITERS: Final[dict[str, Callable[[Result, TextIO], int]]] = {
    "table": write_table,
    "csv": write_csv,
    "json": write_json,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("query", nargs="?", metavar="SQL", help="the query; - reads standard input")
    parser.add_argument("--file", type=Path, help="read the query from a file")
    parser.add_argument(
        "--format", choices=[*_WRITERS, "parquet"], default="table", help="default: table"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there, not to stdout")
    parser.add_argument(
        "--build",
        action="store_true",
        help="ask the build database, which holds the rows of failed tests, while no build runs",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the query and write its result; the number of rows goes to standard error."""
    if arguments.format == "parquet" and arguments.output is None and sys.stdout.isatty():
        message = "Parquet is nothing for a terminal: name a file with --output, or use a pipe"
        raise UsageError(message)
    query = _query(arguments)
    with _database(settings, build=arguments.build) as connection:
        try:
            count = _answer(connection, query, arguments)
        except duckdb.Error as error:
            raise QueryError(one_line(error)) from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            place = arguments.output or "standard output"
            message = f"the result cannot be written to {place}: {error.strerror}"
            raise QueryError(message) from error
    logger.info("%s", "1 row" if count == 1 else f"{count} rows")
    return 0


def _query(arguments: argparse.Namespace) -> str:
    if (arguments.query is None) == (arguments.file is None):
        message = "give one query: as an argument, - for standard input, or with --file"
        raise UsageError(message)
    try:
        if arguments.file is not None:
            text: str = arguments.file.read_text(encoding="utf-8")
        else:
            text = sys.stdin.read() if arguments.query == "-" else arguments.query
    except (OSError, UnicodeDecodeError) as error:
        message = f"the query cannot be read: {error}"
        raise UsageError(message) from error
    if not text.strip():
        message = "the query is empty"
        raise UsageError(message)
    return text


@contextmanager
def _database(settings: Settings, *, build: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    home = settings.layout()
    if build:
        with (
            builder_lock(home.builder_lock, timeout=settings.lock_timeout),
            build_database(home, read_only=True) as connection,
        ):
            yield connection
    else:
        with open_current(home) as release:
            yield release.cursor()


def _answer(
    connection: duckdb.DuckDBPyConnection, query: str, arguments: argparse.Namespace
) -> int:
    output: Path | None = arguments.output
    if arguments.format == "parquet":
        return _write_parquet(connection, query, output)
    write = _WRITERS[arguments.format]
    connection.execute(query)
    if output is None:
        return write(result_of(connection), sys.stdout)
    # Whole or not at all: a result that was cut off must not look like one.
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            count = write(result_of(connection), stream)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_parquet(connection: duckdb.DuckDBPyConnection, query: str, output: Path | None) -> int:
    text = query.strip().rstrip(";")
    with tempfile.TemporaryDirectory(dir=output.parent if output else None) as folder:
        path = Path(folder) / "result.parquet"
        row = connection.execute(
            f"copy ({text}) to {literal(str(path))} (format parquet, compression zstd)"
        ).fetchone()
        if output is not None:
            path.replace(output)
        else:
            with path.open("rb") as stream:
                shutil.copyfileobj(stream, sys.stdout.buffer)
    return int(row[0]) if row else 0
