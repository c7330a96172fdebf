"""JSON objects, one per line, or in an array that is rewritten as lines."""

import contextlib
import re
import threading
from collections.abc import Generator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.blocks import NOTHING, Block, Lines, Spans, body, cut_blocks, is_utf8, record, sound
from ingest.content import Content
from ingest.engine import Engine
from ingest.jsonarrays import array_blocks
from ingest.objects import read_objects
from ingest.records import MAX_RECORD_BYTES, Integers, Parsed
from ingest.tables import join, text_table
from ingest.templates import Template, learn
from watchhouse.errors import InputFileError, LakeError
from watchhouse.jsontext import read_object

WHITE_SPACE: Final = b" \t\r"
_BOM: Final = b"\xef\xbb\xbf"
_SAMPLED_RECORDS: Final = 1000
_MOST_KEYS: Final = 200
"""Keys that the engine is asked for; records with others are read one by one."""
_SIMPLE_KEY: Final = re.compile(r'[^"\\\x00-\x1f]+')
_MOST_TEMPLATES: Final = 4
_TRIED_LINES: Final = 10
_FEWEST_ALIKE: Final = 500
"""Fewer lines than this are not worth another template."""

# Numbers that the engine writes back as they were: it reads them as doubles.
_NUMBER: Final = r"-?(?:0|[1-9][0-9]{0,14})(?:\.(?:0|[0-9]{0,14}[1-9]))?"
# Surrogates must come in pairs; whether they do is for the exact reader to say.
_ESCAPE: Final = r'\\(?:["\\/bfnrt]|u(?:[0-9a-cA-CeEfF][0-9a-fA-F]|[dD][0-7])[0-9a-fA-F]{2})'
_VALUE: Final = rf'(?:"(?:[^"\\\x00-\x1f]|{_ESCAPE})*"|{_NUMBER}|true|false|null)'
_SPACE: Final = r"[ \t\r]*"


class LineParser:
    """Parses blocks of JSON objects, one per line.

    Lines that are written alike are read by template. Of the others, the engine parses those that
    a regular expression has shown to be plain: known keys, and values that it gives back exactly.
    What is left is read one by one. All three agree on what a record is: numbers keep their
    digits, nested values become JSON text, the first of two equal keys counts.
    """

    def __init__(self, label: str) -> None:
        """Know no keys yet; `label` names what is parsed, for messages."""
        self._label = label
        self._lock = threading.Lock()
        self._keys: tuple[str, ...] = ()
        self._seen: dict[str, None] = {}
        self._templates: list[Template] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The keys seen so far, in order of appearance."""
        return tuple(self._seen)

    def note(self, objects: Sequence[Mapping[str, str | None]]) -> None:
        """Learn the keys of some objects."""
        for values in objects:
            self._seen.update(dict.fromkeys(values))
        # The engine folds case: of keys that differ in nothing else, it can give one.
        unfolded: dict[str, str] = {}
        for key in self._seen:
            if len(unfolded) < _MOST_KEYS and _SIMPLE_KEY.fullmatch(key):
                unfolded.setdefault(key.casefold(), key)
        self._keys = tuple(unfolded.values())

    def parse(self, block: Block, engine: Engine) -> Parsed:
        """Parse the records of one block.

        Raises:
            LakeError: the engine did not account for every record.
        """
        parts: list[Parsed] = []
        left: Integers | None = None
        if block.spans is None and not block.has_returns and is_utf8(block.text):
            parts, left = self._parse_alike(block)
        if left is None or len(left):
            spans = block.found()
            if left is not None:
                spans = spans.at(np.flatnonzero(np.isin(spans.positions, left)))
            parts.append(self._parse_each(block, spans, engine))
        nothing = text_table([])
        return join([*parts, Parsed((), nothing, NOTHING.positions, block.rejects)])

    def _parse_alike(self, block: Block) -> tuple[list[Parsed], Integers]:
        """Parse lines that follow a template; return the positions of the others too."""
        left = np.arange(block.first, block.first + block.line_count, dtype=np.int64)
        text, spans = block.text, None
        parts = []
        for attempt in range(_MOST_TEMPLATES):
            if len(left) < _FEWEST_ALIKE and attempt:
                break
            if attempt:
                spans = spans or block.found()
                rest = spans.at(np.flatnonzero(np.isin(spans.positions, left)))
                text, left = body(block, rest)[0], rest.positions
                if not len(left):
                    break
            template = self._template(attempt, text)
            if template is None or (read := template.read(text, len(left))) is None:
                break
            table, indexes = read
            parts.append(Parsed(template.keys, table, left[indexes], ()))
            left = np.delete(left, indexes)
        return parts, left

    def _template(self, attempt: int, text: memoryview) -> Template | None:
        """Return the template for the lines that `attempt` earlier ones have left."""
        known = self._templates[attempt] if attempt < len(self._templates) else None
        if known is None:
            head = bytes(text[:MAX_RECORD_BYTES]).split(b"\n", _TRIED_LINES)[:_TRIED_LINES]
            known = next(filter(None, map(learn, head)), None)
            with self._lock:
                if known is not None and attempt == len(self._templates):
                    self._templates.append(known)
                    self.note([dict.fromkeys(known.keys)])
        return known

    def _parse_each(self, block: Block, spans: Spans, engine: Engine) -> Parsed:
        """Parse any lines: those that the engine gives back exactly, then each of the others."""
        kept, rejects = sound(block, spans)
        keys = self._keys
        plain = _are_plain(block, spans, kept, keys)
        text, _ = body(block, spans.at(kept[plain]))
        table = engine.json_lines(text, keys=keys) if plain.any() else text_table([[]] * len(keys))
        if keys and table.num_rows != int(plain.sum()):
            message = (
                f"{self._label}: near record {block.first}: of {int(plain.sum())} records "
                f"{table.num_rows} came back; nothing was landed. "
                "Please report this with the lines around it."
            )
            raise LakeError(message)
        parsed = Parsed(keys, table, spans.positions[kept[plain]], tuple(rejects))
        if plain.all():
            return parsed
        objects, positions, broken = read_objects(block, spans, kept[~plain])
        with self._lock:
            self.note(objects)
        others = tuple(dict.fromkeys(key for values in objects for key in values))
        slow = text_table([[row.get(key) for row in objects] for key in others])
        return join([parsed, Parsed(others, slow, positions, tuple(broken))])


class JsonRecords(LineParser):
    """A file of JSON objects.

    `source_position` is the number of the physical line; for a JSON array that of the element,
    the first being 1.
    """

    is_complete = False

    def __init__(self, content: Content, *, is_array: bool) -> None:
        """Learn the keys from the first records.

        An array without elements has neither keys nor records.

        Raises:
            InputFileError: none of the first records is a JSON object.
        """
        super().__init__(str(content.path))
        self._content = content
        self._is_array = is_array
        objects, is_empty = self._first_objects()
        if not objects and not (is_array and is_empty):
            message = (
                f"{content.path}: holds no JSON object at its start; give one object per line, or "
                "an array of objects"
            )
            raise InputFileError(message)
        self.note(objects)

    def _first_objects(self) -> tuple[list[dict[str, str | None]], bool]:
        """Return the objects among the first records, and whether there are no records at all."""
        is_empty = True
        with contextlib.closing(self.blocks()) as blocks:
            for block in blocks:
                spans = block.found()
                is_empty = is_empty and not block.rejects and not len(spans.starts)
                if len(spans.starts):
                    few = range(min(len(spans.starts), _SAMPLED_RECORDS))
                    found = (read_object(record(block, spans, index)) for index in few)
                    return [values for values in found if isinstance(values, dict)], False
        return [], is_empty

    def blocks(self) -> Generator[Block]:
        """Split the file into blocks of whole records."""
        if self._is_array:
            yield from array_blocks(self._content)
            return
        with self._content.open() as stream:
            if self._content.head.startswith(_BOM):
                stream.read(len(_BOM))
            yield from cut_blocks(stream, Lines(blank=WHITE_SPACE))


def _are_plain(
    block: Block, spans: Spans, kept: Integers, keys: tuple[str, ...]
) -> NDArray[np.bool_]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    text, begins = body(block, spans.at(kept))
    offsets = np.append(begins, len(text)).astype(np.int32)
    lines = pa.StringArray.from_buffers(len(kept), pa.py_buffer(offsets), pa.py_buffer(text))
    if not keys:
        return np.zeros(len(kept), np.bool_)
    mask = pc.match_substring_regex(lines, _pattern(keys))
    return np.asarray(mask.to_numpy(zero_copy_only=False), np.bool_)


def _pattern(keys: tuple[str, ...]) -> str:
    names = "|".join(re.escape(key) for key in keys)
    pair = rf'{_SPACE}"(?:{names})"{_SPACE}:{_SPACE}{_VALUE}{_SPACE}'
    return rf"\A{_SPACE}\{{{pair}(?:,{pair})*\}}{_SPACE}\n?\z"
