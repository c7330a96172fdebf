"""A batch of the lake, landed anew in its own place: the same records, perhaps under a mapping.

The new batch supersedes the old one, as a file does that is landed again under a mended mapping:
nothing is counted twice, and the ledger shows both. Rows keep their position and the time at which
they first landed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ingest import mappings
from ingest.columns import EXTRAS, STREAMS, Stream
from ingest.engine import identifier, literal
from ingest.landing import Batch, first_landing, land, replay_id, workspace_key
from ingest.mappings import Mapping
from ingest.records import Records, Reject
from ingest.stamping import Memory, pseudonymised
from ingest.tables import as_text
from ingest.workspace import Workspace
from watchhouse.errors import LakeError, MappingError
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger, StoredFile
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.storage import lake_error

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BLOCK_ROWS: Final = 122_880

_NAMES: Final = """
    select distinct unnest(json_keys(cast(extras as json))) as name
    from {rows} where extras is not null order by name
"""
_REJECTS: Final = """
    select source_position, reason_code, record from {rows} order by source_position
"""


@dataclass(frozen=True)
class Given:
    """Where the input columns of a landed batch are now.

    `columns` are SQL expressions over its raw rows, by the name that each column had in the input;
    `in_extras` the names that no canonical column had.
    """

    columns: dict[str, str]
    in_extras: frozenset[str]


class Relander:
    """Lands batches of one home anew."""

    def __init__(self, home: Home, ledger: Ledger, pseudonymiser: Pseudonymiser) -> None:
        """Prepare; nothing is read or written yet."""
        self._home = home
        self._ledger = ledger
        self._pseudonymiser = pseudonymiser

    def land(self, old: Entry, mapping: Mapping | None, *, now: datetime) -> Entry | None:
        """Land the records of `old` again; None if another process has done so meanwhile.

        Without a mapping they keep their columns and the batch its own mapping.

        Raises:
            MappingError: the mapping needs what the batch does not have any more.
            LakeError: the batch cannot be read, or the lake not be written.
        """
        import duckdb  # noqa: PLC0415

        stream = STREAMS[old.stream]
        batch_id = replay_id(old.batch_id, mapping)
        workspace = Workspace(
            self._home, workspace_key(content_hash=old.content_hash, stream=old.stream)
        )
        workspace.acquire(wait=True)
        try:
            self._ledger.refresh()
            if old.batch_id not in {
                entry.batch_id
                for entry in self._ledger.effective(
                    content_hash=old.content_hash, stream=old.stream
                )
            }:
                return None
            workspace.prepare(self._ledger)
            with duckdb.connect(":memory:") as connection:
                rows = self._rows(old.files, old.batch_id)
                self._require_whole(connection, old)
                selected, effective = _selected(connection, rows, old, mapping, stream)
                return land(
                    self._records(connection, rows, selected, old, mapping),
                    Batch(
                        batch_id=batch_id,
                        stream=stream,
                        source=_source(old, mapping),
                        source_kind=old.source_kind,
                        source_uri=old.source_uri,
                        content_hash=old.content_hash,
                        landed_at=now,
                        received_at=first_landing(self._ledger, old).landed_at,
                        supersedes=(old.batch_id,),
                        replay_of=old.batch_id,
                    ),
                    home=self._home,
                    ledger=self._ledger,
                    workspace=workspace,
                    pseudonymiser=None,
                    mapping=lambda: effective,
                )
        except duckdb.Error as error:
            message = f"batch {old.batch_id} ({old.source_uri}) cannot be read again: {error}"
            raise LakeError(message) from error
        except OSError as error:
            raise lake_error(error, self._home.root) from error
        finally:
            workspace.release(self._ledger)

    def _rows(self, files: tuple[StoredFile, ...], batch_id: str) -> str:
        """Return the rows of a batch as a relation; a file may hold those of several batches."""
        if not files:
            return "(select null where false)"
        paths = ", ".join(literal(str(self._home.root / stored.path)) for stored in files)
        return (
            f"(select * from read_parquet([{paths}], hive_partitioning = false)"  # noqa: S608
            f" where batch_id = {literal(batch_id)})"
        )

    def _require_whole(self, connection: "duckdb.DuckDBPyConnection", old: Entry) -> None:
        """Refuse a batch of which rows are missing: its place would be taken by fewer."""
        for files, count in ((old.files, old.landed_count), (old.reject_files, old.rejected_count)):
            rows = self._rows(files, old.batch_id)
            found = connection.execute(f"select count(*) from {rows}").fetchone()  # noqa: S608
            if found is None or found[0] != count:
                message = (
                    f"batch {old.batch_id} ({old.source_uri}): the ledger names {count} rows in "
                    f"{', '.join(stored.path for stored in files) or 'no file'}, which have "
                    f"{found[0] if found else 0}. Restore them from a copy; nothing was replayed."
                )
                raise LakeError(message)

    def _records(
        self,
        connection: "duckdb.DuckDBPyConnection",
        rows: str,
        selected: str,
        old: Entry,
        mapping: Mapping | None,
    ) -> Iterator[Records]:
        import pyarrow as pa  # noqa: PLC0415

        stream = STREAMS[old.stream]
        hashed = _newly_hashed(old, mapping, stream)
        memories = {name: Memory(self._pseudonymiser) for name in hashed}
        if old.files:
            found = connection.execute(
                f"select {selected}, source_position from {rows}"  # noqa: S608
            )
            for piece in found.to_arrow_reader(_BLOCK_ROWS):
                table = pa.Table.from_batches([piece])
                for name, memory in memories.items():
                    index = table.schema.get_field_index(name)
                    column = as_text(pseudonymised(table.column(name), memory))
                    table = table.set_column(index, name, column)
                positions = table.column("source_position").to_numpy()
                yield Records(table.drop_columns(["source_position"]), positions, ())
        if old.reject_files:
            rejects = connection.execute(
                _REJECTS.format(rows=self._rows(old.reject_files, old.batch_id))
            ).fetchall()
            yield Records(
                _no_rows(stream), np.array([], np.int64), tuple(Reject(*row) for row in rejects)
            )


def _no_rows(stream: Stream) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    names = [*stream.columns, EXTRAS]
    return pa.table([pa.nulls(0, pa.string()) for _ in names], names=names)


def _source(old: Entry, mapping: Mapping | None) -> str:
    if mapping is None or "source" not in mapping.model_fields_set:
        return old.source
    return mapping.source


def _selected(
    connection: "duckdb.DuckDBPyConnection",
    rows: str,
    old: Entry,
    mapping: Mapping | None,
    stream: Stream,
) -> tuple[str, dict[str, Any]]:
    """Return the stream's columns as SQL over the raw rows, and the mapping for the ledger."""
    if mapping is None:
        return ", ".join([*stream.columns, EXTRAS]), dict(old.mapping)
    given = _given(connection, rows, old)
    names = tuple(given.columns)
    _require(names, mapping, old, given)
    mappings.check(names, mapping, stream, path=old.source_uri, is_complete=True)
    applied = mappings.plan(names, mapping, stream)
    columns = [
        f"{'null' if source is None else given.columns[names[source]]}::varchar"
        f" as {identifier(canonical)}"
        for canonical, source in zip(stream.columns, applied.sources, strict=True)
    ]
    kept = {name for name, _ in applied.extras}
    changes = [
        f"{literal(name)}, {given.columns[name] if name in kept else 'null'}"
        for name in names
        if (name in kept) != (name in given.in_extras)
    ]
    extras = (
        f"nullif(json_merge_patch(coalesce(cast(extras as json), '{{}}'),"
        f" json_object({', '.join(changes)})), '{{}}')::varchar"
        if changes
        else "extras"
    )
    effective = mappings.effective(mapping, stream, names)
    # What was hidden or dropped once stays so: the next replay must know of it.
    effective["identifiers"] = sorted({*mapping.identifiers, *_hashed(old, stream)})
    effective["drop"] = sorted({*mapping.drop, *old.mapping["drop"]})
    return ", ".join([*columns, f"{extras} as extras"]), effective


def _given(connection: "duckdb.DuckDBPyConnection", rows: str, old: Entry) -> Given:
    columns = {name: identifier(canonical) for canonical, name in old.mapping["columns"].items()}
    found = connection.execute(_NAMES.format(rows=rows)).fetchall() if old.files else []
    in_extras = [name for (name,) in found if name not in columns]
    for name in in_extras:
        pointer = "/" + name.replace("~", "~0").replace("/", "~1")
        columns[name] = f"json_extract_string(cast(extras as json), {literal(pointer)})"
    return Given(columns, frozenset(in_extras))


def _require(names: tuple[str, ...], mapping: Mapping, old: Entry, given: Given) -> None:
    """Refuse what only landing the input again could do."""
    again = "land the input again under this mapping instead"
    for canonical, name in mapping.columns.items():
        if name in old.mapping["drop"] and name not in names:
            message = (
                f"columns.{canonical}: {name!r} was dropped when {old.source_uri} landed; {again}"
            )
            raise MappingError(message)
    hidden = set(old.mapping["identifiers"])
    for name in mapping.identifiers:
        if name in given.in_extras and name not in hidden:
            message = (
                f"identifiers: {name!r} of {old.source_uri} is in the lake as it came; {again}"
            )
            raise MappingError(message)


def _hashed(old: Entry, stream: Stream) -> frozenset[str]:
    """Return the input columns whose values are pseudonyms."""
    columns: dict[str, str] = old.mapping["columns"]
    canonical = (columns[name] for name in stream.identifiers if name in columns)
    return frozenset([*canonical, *old.mapping["identifiers"]])


def _newly_hashed(old: Entry, mapping: Mapping | None, stream: Stream) -> list[str]:
    """Return the identifiers whose values come from a column that was not hashed before."""
    if mapping is None:
        return []
    hashed = _hashed(old, stream)
    return [
        canonical
        for canonical in sorted(stream.identifiers)
        if mapping.columns.get(canonical, canonical) not in hashed
    ]
