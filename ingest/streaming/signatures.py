"""Which messages bring pseudonyms instead of identifiers: those that are signed."""

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.records import Reject, reject
from ingest.streaming.messages import Messages
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.signing import is_signed, proven, without_signature


@dataclass(frozen=True)
class Group:
    """Messages of which the members `pseudonyms` are not to be hashed again, nor is the key."""

    pseudonyms: frozenset[str]
    messages: Messages


def groups(messages: Messages, pseudonymiser: Pseudonymiser) -> Iterator[Group | Reject]:
    """Yield messages that are treated alike, and a reject for each whose signature is wrong."""
    found: dict[frozenset[str], list[int]] = {}
    for index, offset in enumerate(messages.offsets):
        headers = messages.headers.get(offset, ())
        names: frozenset[str] | None = frozenset()
        value = messages.values[index]
        if is_signed(headers):
            names = proven(pseudonymiser, headers, key=messages.keys[index], value=value)
        if names is None:
            yield reject(offset, "unknown_signature", value or b"")
        else:
            found.setdefault(names, []).append(index)
    for names, indexes in found.items():
        group = messages.pick(indexes)
        if names:
            kept = {o: without_signature(h) for o, h in group.headers.items()}
            group.headers = {offset: headers for offset, headers in kept.items() if headers}
        yield Group(names, group)
