"""Events as they were sent, made fit to be stored: whole, and without raw identifiers."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from api.problems import Fault, ProblemError
from watchhouse.jsontext import JsonProblem, Values, read_array, read_object
from watchhouse.pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_EVENT_BYTES: Final = 256 * 1024
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024
MAX_BATCH_EVENTS: Final = 10_000
IDENTIFIERS: Final = frozenset({"user_id", "profile_id"})

_MOST_FAULTS: Final = 20
_SAYS: Final = {
    "invalid_utf8": "is not UTF-8",
    "invalid_json": "is not JSON",
    "not_an_object": "is not a JSON object",
}


@dataclass(frozen=True)
class Event:
    """An event as it is stored, closed by a line feed, and the id its sender is told.

    `user` is the pseudonym of its user, if it has one.
    """

    line: bytes
    event_id: str
    user: str | None = None


@dataclass(frozen=True)
class IdempotencyKey:
    """What the sender named its request, and who that is: two may use the same name."""

    scope: str
    key: str

    def event_name(self, index: int) -> str:
        """Return what names the event at `index` of the request."""
        return json.dumps([self.scope, self.key, index])


class Encoder:
    """Turns decoded events into lines to store; `identifiers` are the members it replaces."""

    def __init__(
        self, pseudonymiser: Pseudonymiser, *, identifiers: frozenset[str], drop: frozenset[str]
    ) -> None:
        """Pseudonymise `identifiers` besides those of the contract; leave out `drop`."""
        self._pseudonymiser = pseudonymiser
        self.identifiers: Final = IDENTIFIERS | identifiers
        self._drop = drop

    def encode(self, values: Values, *, index: int, key: IdempotencyKey | None) -> Event:
        """Return the event with pseudonyms for identifiers.

        Values are kept as text, as the loader keeps them. An event without an id of its own gets
        one from the idempotency key; without either it is told a hash of what it says, and the
        models know repeats by their content.
        """
        kept = {name: value for name, value in values.items() if name not in self._drop}
        for name in self.identifiers & kept.keys():
            raw = kept[name]
            kept[name] = None if raw is None else self._pseudonymiser.pseudonym(raw)
        event_id = kept.get("event_id")
        if event_id is None or not event_id.strip():
            event_id = None
            if key is not None:
                event_id = self._pseudonymiser.pseudonym(key.event_name(index))
                kept["event_id"] = event_id
        text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        return Event(
            line=text.encode() + b"\n",
            event_id=event_id or self._pseudonymiser.pseudonym(text) or "",
            user=kept.get("user_id"),
        )


def decode_one(body: bytes) -> Values:
    """Read the one object of a request.

    Raises:
        ProblemError: it is none.
    """
    values = read_object(body)
    if isinstance(values, str):
        detail = f"the body {_SAYS[values]}; send one event as a JSON object, UTF-8"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "undecodable-event", detail)
    return values


def decode_batch(body: bytes) -> list[Values]:
    """Read a JSON list, or one object per line; blank lines are passed over.

    Raises:
        ProblemError: some are no objects, or there are too many or none.
    """
    faults: list[Fault] = []
    found: list[Values] = []
    numbered: Iterable[tuple[int, Values | JsonProblem]]
    if body.lstrip()[:1] == b"[":
        items = read_array(body)
        if isinstance(items, str):
            detail = f"the body {_SAYS[items]}; send a JSON list of objects, or one per line"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "undecodable-event", detail)
        numbered = enumerate(items, start=1)
    else:
        lines = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        numbered = (
            (number, read_object(line))
            for number, line in enumerate(lines, start=1)
            if line.strip()
        )
    for number, item in numbered:
        if isinstance(item, str):
            faults.append(Fault(line=number, detail=f"{_SAYS[item]}; nothing was accepted"))
            if len(faults) == _MOST_FAULTS:
                break
        else:
            found.append(item)
            if len(found) > MAX_BATCH_EVENTS:
                detail = f"more than {MAX_BATCH_EVENTS} events; send them in several batches"
                raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail)
    if faults:
        numbers = ", ".join(str(fault.line) for fault in faults)
        detail = f"cannot be decoded: {numbers} (lines or elements). Nothing was accepted."
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "undecodable-event", detail, errors=faults
        )
    if not found:
        detail = "the body holds no event; send a JSON list of objects, or one object per line"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "undecodable-event", detail)
    return found
