"""JSON as text: what a record says, with numbers and nested values exactly as they were written."""

import json
from typing import Any, Final, Literal, NoReturn

JsonProblem = Literal["invalid_utf8", "invalid_json", "not_an_object"]

Values = dict[str, str | None]
"""The members of one object: numbers keep their digits, nested values become JSON text."""


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


def read_object(record: bytes) -> Values | JsonProblem:
    """Read one record as key to text; a reason code if it is no JSON object."""
    try:
        return _as_values(_DECODER.decode(record.decode()))
    except UnicodeDecodeError:
        return "invalid_utf8"
    except (ValueError, RecursionError):
        return "invalid_json"


def read_array(text: bytes) -> list[Values | JsonProblem] | JsonProblem:
    """Read an array of records; a reason code if the text as a whole is no JSON."""
    try:
        items = _DECODER.decode(text.decode())
    except UnicodeDecodeError:
        return "invalid_utf8"
    except (ValueError, RecursionError):
        return "invalid_json"
    if not isinstance(items, list):
        return "not_an_object"
    return [_member(item) for item in items]


def _member(item: Any) -> Values | JsonProblem:  # noqa: ANN401 - whatever JSON holds
    try:
        return _as_values(item)
    except (ValueError, RecursionError):
        return "invalid_json"


def _as_values(value: Any) -> Values | JsonProblem:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(value, dict):
        return "not_an_object"
    values = {key: _text(item) for key, item in value.items()}
    # A lone surrogate is no character, so it cannot be stored.
    "".join([*values, *(text for text in values.values() if text)]).encode()
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
