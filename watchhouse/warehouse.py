"""From landed batches to a published release: what `watchhouse build` and `publish` do.

Everything here happens under the builder lock, so that what was tested is what gets published.
dbt is imported only when it is needed: that nothing is new must be known at once.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from watchhouse.collection import collect, sweep
from watchhouse.copying import copied
from watchhouse.errors import BuildError, EngineError, NoReleaseError, PublishError, WatchhouseError
from watchhouse.fingerprint import code_version
from watchhouse.holding import Hold
from watchhouse.ledger import Ledger
from watchhouse.manifests import database_of
from watchhouse.progress import build_progress
from watchhouse.publishing import Publication, publish, refusal
from watchhouse.releases import current_manifest
from watchhouse.state import build_database, home_state, read_state, refresh_reason
from watchhouse.wholeness import require_readable, require_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchhouse.building import Builder, BuildReport
    from watchhouse.copying import Copy
    from watchhouse.manifests import ReleaseManifest
    from watchhouse.marts import Selection
    from watchhouse.progress import BuildProgress
    from watchhouse.settings import Settings
    from watchhouse.state import BuildState

logger = logging.getLogger(__name__)

COLLECTION_GRACE: Final = timedelta(seconds=60)
"""How long a release that is no longer the newest stays for readers that hold no lock on it."""


@dataclass(frozen=True)
class Outcome:
    """What came of it: `report` is None when nothing was built, `is_new` says of the release."""

    manifest: ReleaseManifest
    is_new: bool
    report: BuildReport | None


class Warehouse:
    """The builds and publications of one home, in one process that may do many of them."""

    def __init__(self, settings: Settings, progress: BuildProgress | None = None) -> None:
        """Nothing is read yet, and dbt is not imported; `progress` is shown what builds do."""
        self._progress = progress
        self._home = settings.layout()
        self._keep = settings.keep_releases
        self._lock_timeout = settings.lock_timeout
        self._ledger = Ledger(self._home)
        self._hold = Hold(self._home, lock_timeout=settings.lock_timeout)
        self._builder: Builder | None = None

    def build(
        self, *, full_refresh: bool = False, selection: Selection = "full", keep: bool = False
    ) -> Outcome:
        """Build, test and publish what has landed, unless all of it is published already.

        The `core` selection makes the core marts only and leaves the others as they are. Where
        there are none, or of other code, or in a home that has moved, all marts are made. Who will
        soon build again says `keep`, and `let_go` when that is over.

        Raises:
            BuildError: models or tests failed, or the lake lacks what they read; nothing was
                published.
            PublishError: the release could not be written.
            LockTimeoutError: another builder did not finish in time.
        """
        try:
            return self._build(full_refresh=full_refresh, selection=selection, keep=keep)
        except EngineError as error:
            # What went wrong between its threads goes well the next time; what is wrong does not.
            logger.warning("%s. Building once more", error)
            return self._build(full_refresh=full_refresh, selection=selection, keep=keep)

    def _build(self, *, full_refresh: bool, selection: Selection, keep: bool) -> Outcome:
        with self._hold.taken(keep=keep):
            landed = self._landed()
            state = home_state(self._home)
            base = self._base(code_version())
            reason = refresh_reason(state, code_version())
            if full_refresh or reason is not None or base is None:
                selection = "full"
            elif _is_up_to_date(state, landed, base, selection):
                return Outcome(manifest=base, is_new=False, report=None)
            is_anew = full_refresh or reason is not None
            require_whole(
                self._home,
                self._ledger.entries(),
                published=state.published,
                anew=is_anew,
                without_lost=full_refresh,
            )
            if reason is not None and not full_refresh:
                logger.info("building everything anew: %s", reason)
            thorough = self._sweep()
            with self._copied(None if is_anew else base) as copy:
                report = self._report(selection, state, full_refresh=is_anew)
                manifest = self._publish(landed=None, thorough=thorough, copy=copy)
            return Outcome(manifest=manifest, is_new=True, report=report)

    def let_go(self) -> None:
        """Keep nothing from other builders any more."""
        self._hold.let_go()

    def give_way(self) -> None:
        """Let another builder that waits have its turn."""
        self._hold.give_way()

    def publish(self) -> Outcome:
        """Publish what the last run of dbt built and tested, unless it is published already.

        Raises:
            PublishError: it may not be published, or the release could not be written.
            LockTimeoutError: another builder did not finish in time.
        """
        with self._hold.taken(keep=False):
            landed = self._landed()
            state = home_state(self._home)
            # Said before dbt is started, which takes seconds.
            reason = refusal(state, code_version(), landed)
            if reason is not None:
                raise PublishError(reason)
            current = self._current()
            if (
                current is not None
                and _is_of(current, state)
                and current.home == str(self._home.root)
            ):
                return Outcome(manifest=current, is_new=False, report=None)
            manifest = self._publish(landed=landed, thorough=self._sweep())
            return Outcome(manifest=manifest, is_new=True, report=None)

    @contextmanager
    def _copied(self, base: ReleaseManifest | None) -> Iterator[Copy | None]:
        """Copy the database that the next release begins with while its marts are built."""
        if base is None:
            yield None
            return
        path = self._home.releases / f".tmp-base-{os.getpid()}"
        with copied(database_of(self._home, base), path) as copy:
            yield copy

    def _report(
        self, selection: Selection, state: BuildState, *, full_refresh: bool
    ) -> BuildReport:
        """Have dbt build and test; where that fails for a damaged file, it is said which."""
        try:
            return self._dbt().build(
                selection=selection, full_refresh=full_refresh, lock_timeout=self._lock_timeout
            )
        except BuildError:
            entries = self._ledger.entries()
            require_readable(self._home, entries, published=state.published, anew=full_refresh)
            raise

    def _publish(
        self, *, landed: frozenset[str] | None, thorough: bool, copy: Copy | None = None
    ) -> ReleaseManifest:
        plan, version = self._dbt().plan()
        now = datetime.now(UTC)
        with build_database(self._home) as connection:
            state = read_state(connection)
            reason = refusal(state, version, landed)
            if reason is not None:
                raise PublishError(reason)
            base, standing = None, self._base(version)
            if state.last_run is not None and state.last_run.selection == "core":
                base = standing
                if base is None:
                    message = (
                        "the last run of dbt held the core marts only, and there is no release of "
                        "the present code to take the others from; run `watchhouse build`"
                    )
                    raise PublishError(message)
            publication = Publication(plan, version, now, base=base, standing=standing, copy=copy)
            manifest = publish(connection, self._home, publication)
        try:
            collect(self._home, keep=self._keep, grace=COLLECTION_GRACE, now=now, thorough=thorough)
        except (OSError, WatchhouseError) as error:
            # The release is out; what is in the way goes with the next collection.
            logger.warning("old releases could not be removed: %s", error)
        return manifest

    def _sweep(self) -> bool:
        try:
            return sweep(self._home)
        except OSError as error:
            logger.warning("leftovers could not be removed: %s", error)
            return False

    def _landed(self) -> frozenset[str]:
        self._ledger.refresh()
        return frozenset(entry.batch_id for entry in self._ledger.entries())

    def _current(self) -> ReleaseManifest | None:
        try:
            return current_manifest(self._home)
        except NoReleaseError:
            return None
        except WatchhouseError as error:
            logger.warning("%s; publishing anew", error)
            return None

    def _base(self, version: str) -> ReleaseManifest | None:
        """Return the current release if a build can add to it."""
        current = self._current()
        if (
            current is None
            or current.code_version != version
            # A moved home needs new views over its Parquet files.
            or current.home != str(self._home.root)
        ):
            return None
        return current

    def _dbt(self) -> Builder:
        if self._builder is None:
            from watchhouse.building import Builder  # noqa: PLC0415 - imports dbt: seconds

            self._builder = Builder(self._home, self._progress or build_progress())
        return self._builder


def _is_up_to_date(
    state: BuildState, landed: frozenset[str], current: ReleaseManifest, selection: Selection
) -> bool:
    """Whether building would add nothing to the current release."""
    is_whole = current.selection == "full" and not state.waiting
    return (
        state.last_run is not None
        and landed <= state.published
        and (is_whole or selection == "core")
    )


def _is_of(manifest: ReleaseManifest, state: BuildState) -> bool:
    """Whether the release holds just what the build database does, and both know it."""
    return (
        state.last_run is not None
        and manifest.invocation_id == state.last_run.invocation_id
        and state.seen <= state.published
    )
