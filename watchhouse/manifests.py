"""The manifest of a release: what is in it, as `releases/<n>/manifest.json`."""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from watchhouse.errors import WatchhouseError
from watchhouse.layout import Home
from watchhouse.marts import Selection

DATABASE_NAME: Final = "warehouse.duckdb"
MANIFEST_NAME: Final = "manifest.json"
LOCK_NAME: Final = "lock"
"""Readers hold this file of their release shared; collection tries to hold it alone."""


class Part(BaseModel):
    """One immutable Parquet file of a mart: the rows of one day. `path` is relative to the home."""

    model_config = ConfigDict(frozen=True)

    day: date
    path: str
    row_count: int
    byte_count: int


class PublishedMart(BaseModel):
    """One mart of a release. `parts` is None for a native table.

    `release_id` is the first release with these rows: identities between marts hold where it is
    the same. `data_as_of` is the latest start of a play that they know of. `loose_count` is how
    many rows were added at the end of a table since it was last written whole, in its order.
    """

    model_config = ConfigDict(frozen=True)

    schema_name: str
    row_count: int
    data_as_of: datetime | None
    release_id: int | None = None
    parts: tuple[Part, ...] | None = None
    loose_count: int = 0


class ReleaseManifest(BaseModel):
    """What a release is. Times are UTC; `data_as_of` is None when there are no plays at all.

    `home` is where the home folder was: the views over Parquet files name them by absolute path,
    so a home that was moved needs one more publication. Of `selection` core, only the core marts
    are new; the others are those of the release before.
    """

    model_config = ConfigDict(frozen=True)

    release_id: int
    published_at: AwareDatetime
    selection: Selection = "full"
    data_as_of: AwareDatetime | None
    code_version: str
    invocation_id: str
    metric_versions: dict[str, str] = {}
    batch_count: int
    home: str
    marts: dict[str, PublishedMart]

    def is_fresh(self, name: str) -> bool:
        """Tell whether a mart is there and was written by this release, with all that it knows."""
        mart = self.marts.get(name)
        return mart is not None and mart.release_id in {None, self.release_id}

    def older_marts(self) -> dict[str, PublishedMart]:
        """Return the marts that this release took over from one before it."""
        return {name: mart for name, mart in self.marts.items() if not self.is_fresh(name)}

    def part_paths(self) -> frozenset[str]:
        """Return the paths of every Parquet file that the release needs."""
        return frozenset(part.path for mart in self.marts.values() for part in mart.parts or ())


def database_of(home: Home, release: ReleaseManifest) -> Path:
    """Return where the database of a release is."""
    return home.releases / str(release.release_id) / DATABASE_NAME


def read_manifest(release: Path) -> ReleaseManifest:
    """Read the manifest of the release in folder `release`.

    Raises:
        WatchhouseError: it is missing or cannot be understood.
    """
    path = release / MANIFEST_NAME
    try:
        return ReleaseManifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        message = f"the release manifest {path} cannot be read: {reason}"
        raise WatchhouseError(message) from error
