"""Looking up single users: by the identifier that events bear, and never without a record of it."""

from datetime import UTC, datetime
from typing import Final

from watchhouse.audit import Read, record_reads
from watchhouse.errors import WatchhouseError
from watchhouse.pseudonyms import Pseudonymiser, load_key
from watchhouse.settings import Settings

_READER: Final = "dashboard"
"""Who reads, in the record: pages ask nobody for a key."""


def look_up(settings: Settings, identifier: str) -> str:
    """Return the pseudonym of a user, once it is on record that somebody asks.

    Raises:
        WatchhouseError: there is no key to make it with, or the look cannot be recorded.
    """
    home = settings.layout()
    given = settings.pseudonym_key
    key = load_key(
        home.pseudonym_key,
        given=None if given is None else given.get_secret_value(),
        is_first=False,
    )
    user = Pseudonymiser(key).pseudonym(identifier) or ""
    try:
        record_reads(home.audit, [Read(_READER, user, "/user", datetime.now(UTC))])
    except OSError as error:
        message = (
            f"Reads of single users cannot be recorded in {home.audit} ({error.strerror}), so "
            "none is shown."
        )
        raise WatchhouseError(message) from error
    return user
