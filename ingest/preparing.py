"""What every loader does with a home before it lands anything."""

from datetime import UTC, datetime

from ingest.expiry import expire_rejects
from ingest.workspace import sweep
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.pseudonyms import load_key, require_same_key
from watchhouse.settings import Settings
from watchhouse.storage import lake_error


def prepare(home: Home, settings: Settings) -> tuple[bytes, int]:
    """Clean up after earlier runs; return the pseudonym key, and how many landings had left files.

    Raises:
        WatchhouseError: the key or the ledger cannot be used, or the lake cannot be written.
    """
    given = settings.pseudonym_key
    try:
        ledger = Ledger(home)
        ledger.refresh()
        key = load_key(
            home.pseudonym_key,
            given=given.get_secret_value() if given is not None else None,
            is_first=not len(ledger),
        )
        require_same_key(home.pseudonym_check, key)
        swept = sweep(home, ledger)
        expire_rejects(home, ledger, now=datetime.now(UTC), days=settings.reject_retention_days)
    except OSError as error:
        raise lake_error(error, home.root) from error
    return key, swept
