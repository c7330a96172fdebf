"""Which topics are read, and what their messages are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ingest.columns import STREAMS, Stream
from ingest.mappings import Mapping, load_mapping
from watchhouse.errors import UsageError

_USUAL: Final = "watch_events"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
"""What brokers allow."""


@dataclass(frozen=True)
class Topic:
    """A topic whose messages are records of one stream, renamed by one mapping."""

    name: str
    stream: Stream
    mapping: Mapping


def read_topics(given: Sequence[str], mappings: Sequence[str] = ()) -> tuple[Topic, ...]:
    """Read topics as `NAME` or `STREAM=NAME`, and mapping files as `FILE` or `STREAM=FILE`.

    A topic that is named like a stream (`watch-events`, `catalog`, `users`) holds its records, any
    other holds watch events. A mapping file without a stream is for watch events.

    Raises:
        UsageError: no topic is given, one is given twice, or a stream does not exist.
        MappingError: a mapping file cannot be used.
    """
    files = dict(_split(text, of="--mapping") for text in mappings)
    topics = []
    for text in given:
        stream, name = _split(text.strip(), of="--topic")
        require_topic_name(name)
        file = files.get(stream)
        kind = STREAMS[stream]
        mapping = Mapping() if file is None else load_mapping(Path(file), kind)
        topics.append(Topic(name, kind, mapping))
    names = [topic.name for topic in topics]
    if not names:
        message = "no topic is given; name one with --topic or WATCHHOUSE_KAFKA_TOPICS"
        raise UsageError(message)
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        message = f"topic {min(twice)!r} is given twice; a topic holds records of one stream"
        raise UsageError(message)
    return tuple(topics)


def require_topic_name(name: str) -> None:
    """Refuse a name that no broker takes.

    Raises:
        UsageError: it is one.
    """
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        message = f"--topic {name!r}: topics are named with letters, digits, '.', '_' and '-' only"
        raise UsageError(message)


def _split(text: str, *, of: str) -> tuple[str, str]:
    stream, separator, name = text.partition("=")
    if not separator:
        alike = text.replace("-", "_")
        stream, name = (alike if of == "--topic" and alike in STREAMS else _USUAL), text
    stream = stream.replace("-", "_")
    if stream not in STREAMS or not name:
        known = ", ".join(sorted(STREAMS))
        message = f"{of} {text!r}: write NAME or STREAM=NAME, where STREAM is one of {known}"
        raise UsageError(message)
    return stream, name
