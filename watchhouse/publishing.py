"""Publishing what was built and tested, as a numbered release that never changes again.

The steps, in an order that lets a crash between any two of them do no harm:

1. Parquet files of changed days, under names that no release knows;
2. the release folder under a temporary name: database, manifest, lock file, all on disk;
3. its rename to `releases/<n>`;
4. the pointer `current`, replaced by rename: from here on readers see it;
5. one transaction in the build database: these batches are published, these are the files, these
   are the days as published, the logs of changes are empty.

A release begins as a copy of the one before, in which tables are replaced, or only the rows that
are known to have changed. In one of the core marts the others stay as they are, and what they have
not seen is set aside in the last step instead of forgotten: logs of changes, and batches.

After a crash before 4 nobody has seen anything. After one before 5 the same batches are built and
published once more, with the same result.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from watchhouse.contents import data_as_of, taken_over, write_mart, write_meta
from watchhouse.copying import Copy
from watchhouse.errors import PublishError, one_line
from watchhouse.layout import Home
from watchhouse.manifests import (
    DATABASE_NAME,
    LOCK_NAME,
    MANIFEST_NAME,
    ReleaseManifest,
    database_of,
)
from watchhouse.marts import Log, Mart, PublicationPlan, literal
from watchhouse.metrics import load_metrics
from watchhouse.parts import NEW_BATCHES, PartWriter
from watchhouse.releases import point_to
from watchhouse.restatements import find_restatements, keep_restatements, write_restatements
from watchhouse.state import BuildState, read_state
from watchhouse.storage import sync

_LAST: Final = "history.last_release"
_ROW_GROUP_ROWS: Final = 16_384
"""An eighth of what DuckDB writes by itself: a look-up reads no more than the group it is in."""


@dataclass(frozen=True)
class Publication:
    """What a publication is made of. `now` becomes `published_at`.

    With a `base`, the current release, only the core marts are new; the others are taken from it.
    All marts are new without; then `standing`, the current release, if it is of the same code and
    home, spares the rows of tables that have not changed.
    Either way the release begins as a copy of that one: `copy`, if it was begun before.
    """

    plan: PublicationPlan
    code_version: str
    now: datetime
    base: ReleaseManifest | None = None
    standing: ReleaseManifest | None = None
    copy: Copy | None = None

    @property
    def marts(self) -> tuple[Mart, ...]:
        """The marts that the build database gives."""
        return tuple(mart for mart in self.plan.marts if self.base is None or mart.is_core)


def refusal(state: BuildState, code_version: str, landed: Iterable[str] | None) -> str | None:
    """Return why what was built may not be published, with the remedy; None when it may.

    `landed` are the batches of the ledger, all of which must have been built; None leaves this
    out, for a build that publishes itself while newer batches land.
    """
    run = state.last_run
    if run is None:
        return "nothing has been built yet; run `watchhouse build`"
    unseen = len(set(landed) - state.seen) if landed is not None else 0
    batches = "1 batch has" if unseen == 1 else f"{unseen} batches have"
    failed = run.failed_count
    reasons = (
        (failed is None, "the last run of dbt did not end; run {}"),
        (failed, f"{failed} models or tests of the last run failed; mend them, then run {{}}"),
        (not run.is_complete, "the last run of dbt held only a part of the models; run {}"),
        (run.code_version != code_version, "models or their variables have changed; run {}"),
        (
            run.table_code_version != code_version,
            "not every row of the tables was made by the present models; run {}",
        ),
        (unseen, f"{batches} landed since the last build; run {{}}"),
    )
    reason = next((reason for applies, reason in reasons if applies), None)
    return None if reason is None else reason.format("`watchhouse build`")


def publish(
    connection: duckdb.DuckDBPyConnection, home: Home, publication: Publication
) -> ReleaseManifest:
    """Write a release from the build database and make it the current one.

    The caller holds the builder lock and has made sure that there is no `refusal`.

    Raises:
        PublishError: it could not be written; the current release is what it was before.
    """
    release_id = _next_release_id(connection, home)
    parts = PartWriter(connection, home, release_id)
    temporary = home.releases / f".tmp-{release_id}-{os.getpid()}"
    try:
        try:
            temporary.mkdir(parents=True)
            manifest = _write(connection, home, temporary, parts, publication)
        except (OSError, duckdb.Error, PublishError):
            # Room for whoever else needs the disk; nothing points at these files.
            shutil.rmtree(temporary, ignore_errors=True)
            parts.discard()
            raise
        temporary.rename(home.releases / str(release_id))
        sync(home.releases)
        point_to(home, release_id)
    except (OSError, duckdb.Error) as error:
        message = (
            f"release {release_id} could not be written in {home.releases}: {one_line(error)}. "
            "The current release is untouched. Mend the cause, then run `watchhouse publish`."
        )
        raise PublishError(message) from error
    _remember(connection, manifest, publication)
    return manifest


def _write(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    folder: Path,
    parts: PartWriter,
    publication: Publication,
) -> ReleaseManifest:
    """Write the whole release into `folder`, onto the disk."""
    state = read_state(connection)
    newest = data_as_of(connection)
    find_restatements(
        connection,
        release_id=parts.release_id,
        published_at=publication.now,
        code_version=publication.code_version,
    )
    database = folder / DATABASE_NAME
    base = publication.base
    copied, marts = _copied(publication, state, _last_release_id(connection))
    if copied is not None:
        source = database_of(home, copied)
        if publication.copy is not None and publication.copy.source == source:
            publication.copy.take(database)
        else:
            shutil.copyfile(source, database)
    with _attached(connection, database, replaced=marts if copied is not base else ()):
        known = dict(base.marts) if base else {}
        written = {mart.name: write_mart(connection, home, mart, parts, newest) for mart in marts}
        manifest = ReleaseManifest(
            release_id=parts.release_id,
            published_at=publication.now,
            selection="core" if base else "full",
            data_as_of=newest,
            code_version=publication.code_version,
            invocation_id=state.last_run.invocation_id if state.last_run else "",
            metric_versions=(base.metric_versions if base else {})
            | {metric.name: metric.version for metric in load_metrics() if metric.mart in written},
            batch_count=len(state.seen),
            home=str(home.root),
            marts=known | written,
        )
        write_meta(connection, manifest, publication.plan)
        write_restatements(connection)
    # A client that forgets to open it read-only is told so, rather than locking readers out.
    database.chmod(0o444)
    (folder / LOCK_NAME).touch()
    (folder / MANIFEST_NAME).write_text(manifest.model_dump_json(), encoding="utf-8")
    for path in (database, folder / MANIFEST_NAME, folder):
        sync(path)
    return manifest


def _copied(
    publication: Publication, state: BuildState, last: int | None
) -> tuple[ReleaseManifest | None, tuple[Mart, ...]]:
    """Return the release to copy, if any, and how to write marts; `last` is the last one known."""
    base, marts = publication.base, publication.marts
    copied = base or publication.standing
    if copied is None or last is None or copied.release_id < last or not state.published:
        # Somebody went back to an earlier release, or a full refresh made every row anew: what has
        # changed since is not in the logs.
        return base, tuple(replace(mart, changed=None, is_added_to=False) for mart in marts)
    return copied, tuple(taken_over(mart, copied, is_whole=base is None) for mart in marts)


@contextmanager
def _attached(
    connection: duckdb.DuckDBPyConnection, database: Path, *, replaced: Iterable[Mart]
) -> Iterator[None]:
    """Attach a new database as `release`; at the end all of it is in its one file.

    Of the marts that are `replaced` in a copy, tables that are written whole are dropped first, and
    what they took is free for them again: else the file would be twice as long from then on.
    """
    connection.execute(
        f"attach {literal(str(database))} as release (row_group_size {_ROW_GROUP_ROWS})"
    )
    try:
        whole = [mart for mart in replaced if mart.partition_by is None and not mart.changed]
        for mart in whole:
            connection.execute(f"drop table if exists release.{mart.relation}")
        if whole:
            connection.execute("checkpoint release")
        # One transaction: a description is a statement, and each would be synced by itself.
        connection.begin()
        yield
        connection.commit()
        connection.execute("checkpoint release")
    except BaseException:
        # What went wrong is worth telling, not what it leads to here.
        with suppress(duckdb.Error):
            connection.rollback()
        with suppress(duckdb.Error):
            connection.execute("detach release")
        raise
    connection.execute("detach release")


def _remember(
    connection: duckdb.DuckDBPyConnection, manifest: ReleaseManifest, publication: Publication
) -> None:
    """Note in the build database, in one transaction, that the release is out."""
    connection.begin()
    try:
        if publication.base is None:
            connection.execute("delete from history.waiting_batches")
        else:
            _set_aside(connection, publication.plan.logs)
        connection.execute(
            f"insert into history.published_batches select batch_id, ?, ? from ({NEW_BATCHES})",  # noqa: S608
            [manifest.release_id, manifest.published_at],
        )
        for mart in publication.marts:
            rows = [
                {"d": str(part.day), "p": part.path, "r": part.row_count, "b": part.byte_count}
                for part in manifest.marts[mart.name].parts or ()
            ]
            connection.execute("delete from history.release_parts where mart = ?", [mart.name])
            connection.execute(
                "insert into history.release_parts select ?, part.d, part.p, part.r, part.b"
                " from (select unnest(cast(?::json as"
                " struct(d date, p varchar, r bigint, b bigint)[])) as part)",
                [mart.name, json.dumps(rows)],
            )
        connection.execute("delete from history.rewritten_days")
        for log in publication.plan.logs:
            connection.execute(f"delete from {log.relation}")  # noqa: S608
        connection.execute(
            f"create or replace table {_LAST} as select ? as release_id", [manifest.release_id]
        )
        keep_restatements(connection, code_version=manifest.code_version)
        connection.commit()
    except duckdb.Error as error:
        connection.rollback()
        message = (
            f"release {manifest.release_id} is published, but the build database could not note "
            f"it: {one_line(error)}. Mend the cause, then run `watchhouse publish`, which makes "
            "up for it."
        )
        raise PublishError(message) from error


def _set_aside(connection: duckdb.DuckDBPyConnection, logs: Iterable[Log]) -> None:
    """Keep what the core marts have seen for the marts that have not.

    The next run of dbt that holds those marts gives it back to the logs.
    """
    connection.execute(f"insert into history.waiting_batches {NEW_BATCHES}")
    for log in logs:
        waiting = log.waiting
        connection.execute(f"create table if not exists {waiting} as from {log.relation} limit 0")
        connection.execute(
            f"insert into {waiting} by name from {log.relation} except from {waiting}"
        )


def _last_release_id(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the number of the last release that the build database knows of, if of any."""
    try:
        row = connection.execute(f"select release_id from {_LAST}").fetchone()  # noqa: S608
    except duckdb.CatalogException:
        return None
    return int(row[0]) if row else None


def _next_release_id(connection: duckdb.DuckDBPyConnection, home: Home) -> int:
    """Return a number that no release ever had, not even one that is gone or was never current."""
    row = connection.execute("select max(release_id) from history.published_batches").fetchone()
    numbers = [int(row[0]) if row and row[0] is not None else 0]
    if home.releases.is_dir():
        numbers += [int(path.name) for path in home.releases.iterdir() if path.name.isdigit()]
    if home.current.is_symlink():
        name = home.current.readlink().name
        numbers += [int(name)] if name.isdigit() else []
    return max(numbers) + 1
