"""What is sent to a topic: the lines of files, or made-up events, each with its key."""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from ingest.content import Content, open_content
from ingest.formats import detect
from watchhouse.errors import InputFileError

Message = tuple[bytes | None, bytes]
"""Key and value."""

_PIECE: Final = 1024 * 1024


def file_messages(paths: Sequence[Path], *, key: str) -> Iterator[Message]:
    """Yield the lines of NDJSON files as they are, and rows of CSV files as JSON objects.

    The field `key` is the key of the message, where there is one.

    Raises:
        InputFileError: a file cannot be read, or is of another format.
    """
    for path in paths:
        content = open_content(path)
        kind = detect(content)
        if kind == "delimited":
            yield from _rows(content, key=key)
        elif kind == "json_lines":
            yield from _lines(content, key=key)
        else:
            message = f"{path}: only NDJSON and CSV can be sent, one message for each record"
            raise InputFileError(message)


def _chunks(content: Content) -> Iterator[bytes]:
    with content.open() as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _whole_lines(content: Content) -> Iterator[bytes]:
    rest = b""
    for piece in _chunks(content):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _lines(content: Content, *, key: str) -> Iterator[Message]:
    for line in _whole_lines(content):
        value = line.removesuffix(b"\r")
        if value.strip():
            yield _key_of(value, key), value


def _key_of(value: bytes, key: str) -> bytes | None:
    try:
        given = json.loads(value)[key]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None  # Broken or anonymous; such a message is sent all the same.
    return str(given).encode(errors="replace") if given is not None else None


def _rows(content: Content, *, key: str) -> Iterator[Message]:
    lines = (line.decode("utf-8-sig", "replace") + "\n" for line in _whole_lines(content))
    for row in csv.DictReader(lines):
        values: dict[str, Any] = {name: v for name, v in row.items() if name is not None and v}
        own = values.get(key)
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        yield None if own is None else own.encode(), text.encode()


def made_up_messages(
    *, events: int, users: int, days: int, start: date | None, seed: int
) -> Iterator[Message]:
    """Yield simulated events in order of arrival, errors included, by user.

    Raises:
        UsageError: there are more than the simulator makes at once.
    """
    # numpy and the simulator are only loaded where they are needed.
    from watchhouse.simulation.feed import messages  # noqa: PLC0415
    from watchhouse.simulation.scenario import Scenario  # noqa: PLC0415
    from watchhouse.simulation.truth import Truth  # noqa: PLC0415
    from watchhouse.simulation.world import make_world  # noqa: PLC0415

    usual = Scenario()
    scenario = Scenario(
        events=events, users=users, days=days, start=start or usual.start, seed=seed, files=1
    )
    world = make_world(scenario)
    for message in messages(world, Truth(scenario, world.catalog)):
        yield None if message.user_id is None else message.user_id.encode(), message.value
