"""A file as a sequence of canonical records, parsed by several workers, in order."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Protocol, Self, TypeVar

from ingest.arranging import Arranger
from ingest.columns import Stream
from ingest.content import Content
from ingest.delimited import Delimited
from ingest.engine import Engine
from ingest.formats import Format
from ingest.jsonlines import JsonRecords
from ingest.mappings import Mapping
from ingest.records import Parsed, Records

WORKERS: Final = 2
_AHEAD: Final = 2
"""Blocks that may wait, parsed, for the writer: each costs a few times its text in memory."""


class Sized(Protocol):
    """Part of a file."""

    @property
    def size(self) -> int:
        """Its bytes, for progress."""

    @property
    def done(self) -> Callable[[], None]:
        """To be called when it is no longer needed."""


B = TypeVar("B", bound=Sized)


class Source(Protocol[B]):
    """A file of one format."""

    @property
    def is_complete(self) -> bool:
        """Whether `names` holds all names that there will be."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns or keys, as far as they are known yet."""

    def blocks(self) -> Iterator[B]:
        """Split it into blocks of whole records."""

    def parse(self, block: B, engine: Engine) -> Parsed:
        """Parse one block; called from several threads."""


def open_source(content: Content, kind: Format, *, mapping: Mapping, stream: Stream) -> Source[Any]:
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
    source: Source[B], arranger: Arranger, *, label: str, progress: Callable[[int], None]
) -> Generator[Records]:
    """Yield the records of a file, block by block, in order.

    `progress` is told the bytes of each block that is done; `label` names the file in
    messages. Memory holds a handful of
    blocks, whatever the size of the file.
    """
    engines = _Engines(label)

    def work(block: B) -> tuple[Records, int]:
        engine = engines.own()
        try:
            return arranger.arrange(source.parse(block, engine), engine), block.size
        finally:
            block.done()

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

    def __init__(self, label: str) -> None:
        self._label = label
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all: list[Engine] = []

    def own(self) -> Engine:
        engine: Engine | None = getattr(self._local, "engine", None)
        if engine is None:
            engine = self._local.engine = Engine(self._label)
            with self._lock:
                self._all.append(engine)
        return engine

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._all:
            engine.close()
