"""JSON objects read one by one: exact, whatever they hold."""

import json
from typing import Any, Final, NoReturn

import numpy as np

from ingest.blocks import Block, Spans, record
from ingest.records import Integers, ReasonCode, Reject, reject


def read_objects(
    block: Block, spans: Spans, indexes: Integers
) -> tuple[list[dict[str, str | None]], Integers, list[Reject]]:
    """Return the objects among some records, their positions, and rejects for the others."""
    objects: list[dict[str, str | None]] = []
    positions: list[int] = []
    rejects: list[Reject] = []
    for index in indexes.tolist():
        text = record(block, spans, index)
        values = read_object(text)
        if isinstance(values, dict):
            objects.append(values)
            positions.append(int(spans.positions[index]))
        else:
            rejects.append(reject(spans.positions[index], values, text))
    return objects, np.array(positions, np.int64), rejects


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


def read_object(record: bytes) -> dict[str, str | None] | ReasonCode:
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
