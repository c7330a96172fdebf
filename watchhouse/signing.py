"""Messages whose identifiers already are pseudonyms, proven by a signature under the home's key.

Only the key turns identifiers into pseudonyms, and only who has it can sign. So a loader may keep
the identifiers of a signed message as they are, and hashes those of every other: no producer can
make raw identifiers pass for pseudonyms.
"""

import hmac
from collections.abc import Iterable, Sequence
from typing import Final

from watchhouse.pseudonyms import Pseudonymiser

NAMES: Final = "watchhouse-pseudonyms"
"""Header with the members of the message that are pseudonyms, as is the message's key."""
SIGNATURE: Final = "watchhouse-signature"

Headers = Sequence[tuple[str, bytes | None]]


def signed(
    pseudonymiser: Pseudonymiser, names: Iterable[str], *, key: bytes | None, value: bytes
) -> list[tuple[str, bytes]]:
    """Return the headers of a message in which the members `names` are pseudonyms."""
    listed = "\n".join(sorted(names)).encode()
    return [(NAMES, listed), (SIGNATURE, _signature(pseudonymiser, listed, key, value))]


def is_signed(headers: Headers) -> bool:
    """Tell whether a message says that it holds pseudonyms."""
    return any(name == SIGNATURE for name, _ in headers)


def proven(
    pseudonymiser: Pseudonymiser, headers: Headers, *, key: bytes | None, value: bytes | None
) -> frozenset[str] | None:
    """Return the members of a signed message that are pseudonyms; None if that is not proven."""
    own = dict(headers)
    listed, signature = own.get(NAMES), own.get(SIGNATURE)
    if listed is None or signature is None or value is None:
        return None
    if not hmac.compare_digest(signature, _signature(pseudonymiser, listed, key, value)):
        return None
    return frozenset(listed.decode().split("\n"))


def without_signature(headers: Headers) -> Headers:
    """Return the headers that the producer set for others."""
    return [(name, value) for name, value in headers if name not in {NAMES, SIGNATURE}]


def _signature(
    pseudonymiser: Pseudonymiser, listed: bytes, key: bytes | None, value: bytes
) -> bytes:
    # Each part with its length: none can pass for a piece of another.
    parts = [b"%d:%b" % (len(part), part) for part in (listed, key or b"", value)]
    return pseudonymiser.signature(b"".join(parts))
