"""A file as a sequence of canonical records, parsed by several workers, in order."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Protocol

from ingest.arranging import Arranger
from ingest.columns import Stream
from ingest.content import Content
from ingest.delimited import Delimited
from ingest.engine import Engine
from ingest.formats import Format
from ingest.jsonlines import JsonRecords
from ingest.mappings import Mapping
from ingest.records import Block, Parsed, Records

WORKERS: Final = 2
_AHEAD: Final = 2
"""Blocks that may wait, parsed, for the writer: each costs a few times its text in memory."""


class Source(Protocol):
    """A file of one format."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns or keys, as far as they are known yet."""

    def blocks(self) -> Iterator[Block]:
        """Split it into blocks of whole records."""

    def parse(self, block: Block, engine: Engine) -> Parsed:
        """Parse one block; called from several threads."""


def open_source(content: Content, kind: Format, *, mapping: Mapping, stream: Stream) -> Source:
    """Open a file as its format.

    Raises:
        InputFileError: nothing in it can be read as records.
    """
    if kind == "delimited":
        expected = {*stream.columns, *mapping.columns.values()}
        return Delimited(content, expected=sorted(expected))
    if kind == "parquet":
        from ingest.parquet import ParquetRows  # noqa: PLC0415 - its libraries are large

        return ParquetRows(content)
    return JsonRecords(content, is_array=kind == "json_array")


def read_records(
    source: Source, arranger: Arranger, *, progress: Callable[[int], None]
) -> Iterator[Records]:
    """Yield the records of a file, block by block, in order.

    `progress` is told the bytes of text of each block that is done. Memory holds a handful of
    blocks, whatever the size of the file.
    """
    engines = _Engines()

    def work(block: Block) -> tuple[Records, int]:
        engine = engines.own()
        return arranger.arrange(source.parse(block, engine), engine), len(block.text)

    waiting: deque[Future[tuple[Records, int]]] = deque()
    with engines, ThreadPoolExecutor(WORKERS, thread_name_prefix="parse") as pool:
        try:
            for block in source.blocks():
                waiting.append(pool.submit(work, block))
                if len(waiting) >= WORKERS + _AHEAD:
                    records, size = waiting.popleft().result()
                    progress(size)
                    yield records
            while waiting:
                records, size = waiting.popleft().result()
                progress(size)
                yield records
        finally:
            for future in waiting:
                future.cancel()


class _Engines:
    """One engine per worker thread."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[Engine] = []

    def own(self) -> Engine:
        engine: Engine | None = getattr(self._local, "engine", None)
        if engine is None:
            engine = self._local.engine = Engine()
            with self._lock:
                self._all.append(engine)
        return engine

    def __enter__(self) -> "_Engines":
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._all:
            engine.close()
