"""Messages to canonical records: what files of JSON lines go through, and what Kafka adds."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.arranging import Arranger
from ingest.blocks import Block
from ingest.engine import Engine
from ingest.jsonlines import WHITE_SPACE, LineParser
from ingest.records import MAX_RECORD_BYTES, Parsed, Records, Reject, reject
from ingest.stamping import Memory, pseudonymised
from ingest.streaming.fetched import Headers
from ingest.streaming.messages import Messages
from ingest.streaming.signatures import groups
from ingest.streaming.topics import Topic
from ingest.tables import join, text_table
from watchhouse.jsontext import read_object
from watchhouse.pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_ROWS: Final = 50_000
_BLOCK_BYTES: Final = 8 * 1024 * 1024
_SAMPLED: Final = 20
_BLOCKS_PER_PARSER: Final = 200
"""A parser remembers how lines are written; a new one follows a producer that changes."""
_LINE_FEED: Final = 10
_BLANKS: Final = np.frombuffer(WHITE_SPACE + b"\n", np.uint8)

KEY, TIMESTAMP, HEADERS = "kafka_key", "kafka_timestamp", "kafka_headers"
_OURS: Final = frozenset({KEY, TIMESTAMP, HEADERS})


class Decoder:
    """Decodes messages of one topic; used by one thread."""

    def __init__(self, topic: Topic, pseudonymiser: Pseudonymiser) -> None:
        """Prepare to decode."""
        self._topic = topic
        self._pseudonymiser = pseudonymiser
        self._engine = Engine(topic.name)
        self._arrangers: dict[frozenset[str], Arranger] = {}
        self._memories = {name: Memory(pseudonymiser) for name in topic.stream.identifiers}
        self._parser = LineParser(topic.name)
        self._blocks = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The keys seen so far, in order of appearance."""
        return self._parser.names

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()

    def decode(self, messages: Messages) -> Iterator[Records]:
        """Yield records, identifiers already replaced, and rejects, by offset."""
        count = len(messages.offsets)
        step = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES * count // max(messages.size, 1)))
        for start in range(0, count, step):
            block = messages.slice(start, start + step)
            if not block.headers:
                yield self._decode(block, frozenset())
                continue
            for group in groups(block, self._pseudonymiser):
                if isinstance(group, Reject):
                    yield _set_aside(group)
                else:
                    yield self._decode(group.messages, group.pseudonyms)

    def _decode(self, messages: Messages, pseudonyms: frozenset[str]) -> Records:
        """Decode messages of which some members are pseudonyms already."""
        if self._blocks % _BLOCKS_PER_PARSER == 0:
            self._parser = LineParser(self._topic.name)
            samples = (read_object(v) for v in messages.values[:_SAMPLED] if v is not None)
            self._parser.note([found for found in samples if isinstance(found, dict)])
        self._blocks += 1
        parsed = self._parse(messages.values)
        offsets = np.array(messages.offsets, np.int64)
        rejects = tuple(
            replace(found, position=int(offsets[found.position])) for found in parsed.rejects
        )
        table = _with_metadata(parsed, messages)
        arranger = self._arranger(pseudonyms)
        records = arranger.arrange(replace(table, rejects=rejects), self._engine)
        hashed = self._hashed(records, pseudonyms)
        return replace(records, table=hashed, positions=offsets[parsed.positions])

    def _arranger(self, pseudonyms: frozenset[str]) -> Arranger:
        if pseudonyms not in self._arrangers:
            mapping = self._topic.mapping
            # The key of a message with pseudonyms is one as well.
            own = [*mapping.identifiers] if pseudonyms else [*mapping.identifiers, KEY]
            raw = [name for name in own if name not in pseudonyms]
            self._arrangers[pseudonyms] = Arranger(
                self._topic.stream,
                mapping.model_copy(update={"identifiers": raw}),
                self._pseudonymiser,
            )
        return self._arrangers[pseudonyms]

    def _hashed(self, records: Records, pseudonyms: frozenset[str]) -> "pa.Table":
        table = records.table
        for name, memory in self._memories.items():
            if self._topic.mapping.columns.get(name, name) in pseudonyms:
                continue
            index = table.column_names.index(name)
            table = table.set_column(index, name, pseudonymised(table.column(index), memory))
        return table

    def _parse(self, values: Sequence[bytes | None]) -> Parsed:
        """Parse messages; positions are their indexes."""
        try:
            text = b"\n".join(values) + b"\n"  # type: ignore[arg-type]  # None is a TypeError
        except TypeError:
            text = b""
        if text and _is_one_line_each(text, len(values)):
            return self._parse_lines(text, len(values), np.arange(len(values)))
        lines: list[bytes] = []
        indexes: list[int] = []
        alone: list[Parsed] = []
        for index, value in enumerate(values):
            if value is None:
                alone.append(_rejected(Reject(index, "null_value", None)))
            elif len(value) > MAX_RECORD_BYTES:
                alone.append(_rejected(reject(index, "record_too_large", value)))
            elif b"\n" in value or not value.strip(WHITE_SPACE):
                alone.append(_read_alone(index, value))
            else:
                lines.append(value)
                indexes.append(index)
        parts = alone
        if lines:
            text = b"\n".join(lines) + b"\n"
            parts = [self._parse_lines(text, len(lines), np.array(indexes)), *alone]
        self._parser.note([dict.fromkeys(part.names) for part in alone])
        return join(parts)

    def _parse_lines(
        self, text: bytes, count: int, indexes: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    ) -> Parsed:
        block = Block(
            memoryview(text),
            0,
            line_count=count,
            has_returns=b"\r" in text,
            blank=WHITE_SPACE,
        )
        parsed = self._parser.parse(block, self._engine)
        rejects = tuple(replace(r, position=int(indexes[r.position])) for r in parsed.rejects)
        return replace(parsed, positions=indexes[parsed.positions], rejects=rejects)


def _is_one_line_each(text: bytes, count: int) -> bool:
    """Tell whether every message is a line, and none is blank."""
    array = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(array == _LINE_FEED)
    if len(ends) != count:
        return False
    # A blank line, or one that may be: it starts with white space.
    starts = np.append(0, ends[:-1] + 1)
    return not np.isin(array[starts], _BLANKS).any()


def _read_alone(index: int, value: bytes) -> Parsed:
    values = read_object(value)
    if not isinstance(values, dict):
        return _rejected(reject(index, values, value))
    table = text_table([[text] for text in values.values()])
    return Parsed(tuple(values), table, np.array([index], np.int64), ())


def _set_aside(found: Reject) -> Records:
    return Records(text_table([]), np.array([], np.int64), (found,))


def _rejected(found: Reject) -> Parsed:
    return Parsed((), text_table([]), np.array([], np.int64), (found,))


def _with_metadata(parsed: Parsed, messages: Messages) -> Parsed:
    """Add what Kafka knows of the messages as columns, which become extras."""
    import pyarrow as pa  # noqa: PLC0415

    at = pa.array(parsed.positions)
    columns: dict[str, pa.Array] = {}
    if messages.keys.count(None) < len(messages.keys):
        columns[KEY] = _texts(messages.keys).take(at)
    columns[TIMESTAMP] = _moments(messages.timestamps).take(at)
    if messages.headers:
        shown = [
            _shown(messages.headers[offset]) if offset in messages.headers else None
            for offset in messages.offsets
        ]
        columns[HEADERS] = pa.array(shown, pa.string()).take(at)
    if not parsed.names:
        return replace(parsed, names=tuple(columns), table=pa.table(columns))
    # A field of the message that bears one of these names keeps its value under another.
    names = [f"message_{name}" if name in _OURS else name for name in parsed.names]
    table = parsed.table
    for name, column in columns.items():
        table = table.append_column(name, column)
    return replace(parsed, names=(*names, *columns), table=table)


def _moments(milliseconds: Sequence[int]) -> "pa.Array":
    """Return times as text; many messages share one, so each is written out once."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    encoded = pa.array(milliseconds, pa.int64()).dictionary_encode()
    distinct = encoded.dictionary
    known = pc.if_else(pc.greater_equal(distinct, 0), distinct, pa.scalar(None, pa.int64()))
    texts = pc.strftime(known.cast(pa.timestamp("ms")), "%Y-%m-%dT%H:%M:%SZ")
    return texts.take(encoded.indices)


def _texts(keys: Sequence[bytes | None]) -> "pa.Array":
    """Return keys as text; bytes that are not UTF-8 are escaped."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.array(keys, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        texts = [None if key is None else key.decode(errors="backslashreplace") for key in keys]
        return pa.array(texts, pa.string())


def _shown(headers: Headers) -> str:
    """Return headers as a JSON object of texts; of a name that repeats a list."""
    shown: dict[str, str | list[str | None] | None] = {}
    for name, value in headers:
        text = None if value is None else _header_text(value)
        if name not in shown:
            shown[name] = text
            continue
        known = shown[name]
        shown[name] = [*known, text] if isinstance(known, list) else [known, text]
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _header_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(value).decode()
