"""Where everything that Watchhouse writes lives below its home folder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folder that holds the lake, the build and the releases (`WATCHHOUSE_HOME`).

    Nothing outside `root` is ever written. Paths inside the ledger are relative to `root`, with
    forward slashes, so that a home can be moved or mounted elsewhere.
    """

    root: Path

    @property
    def raw(self) -> Path:
        """Immutable Parquet batches, found only through the ledger."""
        return self.root / "raw"

    @property
    def rejects(self) -> Path:
        """Records that could not be split at all; readable by the owner only."""
        return self.raw / "rejects"

    @property
    def landing(self) -> Path:
        """Batches while they are written; each folder is locked by its writer."""
        return self.raw / "landing"

    @property
    def ledger(self) -> Path:
        """One committed entry per batch, a JSON object on one line; folded files hold many."""
        return self.raw / "ledger"

    @property
    def locks(self) -> Path:
        """One file per partition of a topic, locked while a batch of it is committed."""
        return self.raw / "locks"

    @property
    def ledger_lock(self) -> Path:
        """Held while entries of the ledger are written anew; whoever adds one does not need it."""
        return self.locks / "ledger.lock"

    @property
    def pseudonym_key(self) -> Path:
        """The key that turns identifiers into pseudonyms, mode 0600."""
        return self.root / "pseudonym.key"

    @property
    def pseudonym_check(self) -> Path:
        """What the key of this home makes of a fixed text: tells another key from it."""
        return self.root / "pseudonym.check"

    @property
    def build(self) -> Path:
        """What only the builder process opens."""
        return self.root / "build"

    @property
    def build_database(self) -> Path:
        """The warehouse under construction."""
        return self.build / "warehouse.duckdb"

    @property
    def builder_lock(self) -> Path:
        """Held by the one process that builds or publishes."""
        return self.build / "builder.lock"

    @property
    def releases(self) -> Path:
        """Published warehouses, one numbered folder each, never changed once there."""
        return self.root / "releases"

    # Looked at several times a request, and a new path each time costs as much as the look.
    @cached_property
    def current(self) -> Path:
        """Symbolic link to the folder of the current release; replaced by rename."""
        return self.root / "current"

    @property
    def http_spool(self) -> Path:
        """What the HTTP intake has accepted and the loader not yet drained."""
        return self.root / "spool" / "http"

    @property
    def api_keys(self) -> Path:
        """One file per API key, with its hash and scopes; readable by the owner only."""
        return self.root / "access" / "keys"

    @property
    def audit(self) -> Path:
        """Who read what of single users; lines are only ever added."""
        return self.root / "access" / "audit"
