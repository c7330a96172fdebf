"""JSON objects, one per line, or in an array that is rewritten as lines."""

import contextlib
import json
import re
import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, NoReturn

import numpy as np

from ingest.content import Content
from ingest.engine import Engine
from ingest.jsonarrays import array_blocks
from ingest.lines import line_blocks
from ingest.records import (
    Block,
    Integers,
    Parsed,
    ReasonCode,
    Reject,
    body,
    merge,
    reject,
    sound,
    text_table,
)
from watchhouse.errors import InputFileError, LakeError

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLED_RECORDS: Final = 1000
_MOST_KEYS: Final = 200
"""Keys that the engine is asked for; records with others are read one by one."""

# Numbers that the engine writes back as they were: it reads them as doubles.
_NUMBER: Final = r"-?(?:0|[1-9][0-9]{0,14})(?:\.(?:0|[0-9]{0,14}[1-9]))?"
_VALUE: Final = rf'(?:"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt])*"|{_NUMBER}|true|false|null)'
_SPACE: Final = r"[ \t\r]*"


class JsonRecords:
    """A file of JSON objects.

    The engine parses the records that a regular expression has shown to be plain: known keys,
    and values that it gives back exactly. All others are read one by one, which is exact
    whatever they hold: numbers keep their digits, nested values become JSON text.

    `source_position` is the number of the physical line; for a JSON array that of the element,
    the first being 1.
    """

    is_complete = False

    def __init__(self, content: Content, *, is_array: bool) -> None:
        """Learn the keys from the first records.

        Raises:
            InputFileError: none of the first records is a JSON object.
        """
        self._content = content
        self._is_array = is_array
        self._lock = threading.Lock()
        self._keys: tuple[str, ...] = ()
        self._seen: dict[str, None] = {}
        with contextlib.closing(self.blocks()) as blocks:
            first = next(blocks, None)
        objects = []
        count = 0 if first is None else len(first.starts)
        for index in range(min(count, _SAMPLED_RECORDS)):
            record = first.record(index) if first is not None else b""
            if isinstance(values := _read(record), dict):
                objects.append(values)
        if not objects:
            what = "holds no" if not count and not (first and first.rejects) else "starts without a"
            message = (
                f"{content.path}: {what} JSON object; give one object per line, or an array of "
                "objects"
            )
            raise InputFileError(message)
        self._learn(objects)

    @property
    def names(self) -> tuple[str, ...]:
        """The keys seen so far, in order of appearance."""
        return tuple(self._seen)

    def _learn(self, objects: list[dict[str, str | None]]) -> None:
        with self._lock:
            for values in objects:
                self._seen.update(dict.fromkeys(values))
            # The engine folds case: of keys that differ in nothing else, it can give one.
            unfolded: dict[str, str] = {}
            for key in self._seen:
                if len(unfolded) < _MOST_KEYS and "\0" not in key:
                    unfolded.setdefault(key.casefold(), key)
            self._keys = tuple(unfolded.values())

    def blocks(self) -> Generator[Block]:
        """Split the file into blocks of whole records."""
        if self._is_array:
            return array_blocks(self._content)
        return line_blocks(self._content)

    def parse(self, block: Block, engine: Engine) -> Parsed:
        """Parse the records of one block.

        Raises:
            LakeError: the engine did not account for every record.
        """
        kept, rejects = sound(block)
        keys = self._keys
        plain = _are_plain(block, kept, keys)
        text, _ = body(block, kept[plain])
        table = engine.json_lines(text, keys=keys)
        if table.num_rows != int(plain.sum()):
            message = (
                f"{self._content.path}: near record {int(block.positions[0])}: {int(plain.sum())} "
                f"records went to the engine and {table.num_rows} came back; nothing was landed. "
                "Please report this with the lines around it."
            )
            raise LakeError(message)
        positions = block.positions[kept[plain]]
        if not plain.all():
            objects, others = _read_all(block, kept[~plain], rejects)
            self._learn(objects)
            new = dict.fromkeys(key for values in objects for key in values)
            table, keys = _widen(table, keys, tuple(key for key in new if key not in keys))
            slow = text_table(([row.get(key) for row in objects] for key in keys), len(keys))
            table, positions = merge((table, positions), (slow, others))
        return Parsed(keys, table, positions, tuple([*block.rejects, *rejects]))


def _are_plain(block: Block, kept: Integers, keys: tuple[str, ...]) -> np.typing.NDArray[np.bool_]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    text, begins = body(block, kept)
    offsets = np.append(begins, len(text)).astype(np.int32)
    lines = pa.StringArray.from_buffers(len(kept), pa.py_buffer(offsets), pa.py_buffer(text))
    mask = pc.match_substring_regex(lines, _pattern(keys))
    plain: np.typing.NDArray[np.bool_] = mask.to_numpy(zero_copy_only=False).astype(np.bool_)
    return plain


def _pattern(keys: tuple[str, ...]) -> str:
    names = "|".join(re.escape(key) for key in keys if not re.search(r'["\\\x00-\x1f]', key))
    pair = rf'{_SPACE}"(?:{names})"{_SPACE}:{_SPACE}{_VALUE}{_SPACE}'
    return rf"\A{_SPACE}\{{{pair}(?:,{pair})*\}}{_SPACE}\n?\z"


def _read_all(
    block: Block, indexes: Integers, rejects: list[Reject]
) -> tuple[list[dict[str, str | None]], Integers]:
    objects: list[dict[str, str | None]] = []
    positions: list[int] = []
    for index in indexes.tolist():
        values = _read(record := block.record(index))
        if isinstance(values, dict):
            objects.append(values)
            positions.append(int(block.positions[index]))
        else:
            rejects.append(reject(block.positions[index], values, record))
    return objects, np.array(positions, np.int64)


def _widen(
    table: "pa.Table", keys: tuple[str, ...], new: tuple[str, ...]
) -> "tuple[pa.Table, tuple[str, ...]]":
    import pyarrow as pa  # noqa: PLC0415

    for _ in new:
        table = table.append_column(f"c{table.num_columns}", pa.nulls(len(table), pa.string()))
    return table, keys + new


class _Number(str):
    """The digits of a JSON number, as they were."""

    __slots__ = ()


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # A repeated key counts once, with its first value, as the engine has it.
    values: dict[str, Any] = {}
    for key, value in pairs:
        values.setdefault(key, value)
    return values


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_first_of_each,
    parse_float=_Number,
    parse_int=_Number,
    parse_constant=_refuse,
)


def _read(record: bytes) -> dict[str, str | None] | ReasonCode:
    """Read one record as key to text; a reason code if it is no JSON object."""
    try:
        value = _DECODER.decode(record.decode())
        if not isinstance(value, dict):
            return "not_an_object"
        values = {key: _text(item) for key, item in value.items()}
        # A lone surrogate is no character, so it cannot be stored.
        "".join([*values, *(text for text in values.values() if text)]).encode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    except (ValueError, RecursionError):
        return "invalid_json"
    return values


def _text(value: Any) -> str | None:  # noqa: ANN401 - whatever JSON holds
    if value is None:
        return None
    return str(value) if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        inner = ",".join(
            f"{json.dumps(k, ensure_ascii=False)}:{_json(v)}" for k, v in value.items()
        )
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
