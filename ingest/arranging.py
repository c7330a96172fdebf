"""Parsed columns, renamed to the contract's; unknown ones gathered in `extras`."""

import json
from typing import TYPE_CHECKING, Final

from ingest.columns import EXTRAS, Stream
from ingest.engine import Engine, identifier, literal
from ingest.mappings import Mapping, Plan, plan
from ingest.records import Parsed, Records
from ingest.stamping import Memory, pseudonymised
from ingest.tables import as_text
from watchhouse.pseudonyms import Pseudonymiser

if TYPE_CHECKING:
    import pyarrow as pa

# concat_ws passes over nulls: what a record does not have is not in its extras.
_EXTRAS: Final = """
select case when coalesce({columns}) is not null then '{{' || concat_ws(',', {pairs}) || '}}' end
from given
"""


class Arranger:
    """Applies one mapping to blocks of one file, whose columns may differ from block to block."""

    def __init__(
        self, stream: Stream, mapping: Mapping, pseudonymiser: Pseudonymiser | None
    ) -> None:
        """Prepare for one stream; identifiers in extras are hashed with `pseudonymiser`.

        Without one, all identifiers already are pseudonyms.
        """
        self._stream = stream
        self._mapping = mapping
        self._memory = None if pseudonymiser is None else Memory(pseudonymiser)
        self._plans: dict[tuple[str, ...], Plan] = {}

    def arrange(self, parsed: Parsed, engine: Engine) -> Records:
        """Return the records in the stream's columns; only its own identifiers are still raw."""
        import pyarrow as pa  # noqa: PLC0415

        applied = self._plans.get(parsed.names)
        if applied is None:
            applied = self._plans[parsed.names] = plan(parsed.names, self._mapping, self._stream)
        # Objects without a key make a table without a column, which has no length.
        nothing = pa.nulls(len(parsed.positions), pa.string())
        arrays: list[pa.Array | pa.ChunkedArray] = []
        for canonical, source in zip(self._stream.columns, applied.sources, strict=True):
            if source is None:
                arrays.append(nothing)
                continue
            column = parsed.table.column(source)
            if source in applied.pseudonymised and canonical not in self._stream.identifiers:
                column = self._hashed(column)
            arrays.append(column)
        arrays.append(self._extras(parsed, applied, engine) if applied.extras else nothing)
        table = pa.table(arrays, names=[*self._stream.columns, EXTRAS])
        return Records(table, parsed.positions, parsed.rejects)

    def _hashed(self, column: "pa.ChunkedArray") -> "pa.ChunkedArray":
        if self._memory is None:
            return column
        return as_text(pseudonymised(column, self._memory))

    def _extras(self, parsed: Parsed, applied: Plan, engine: Engine) -> "pa.ChunkedArray":
        import pyarrow as pa  # noqa: PLC0415

        names: list[str] = []
        arrays: list[pa.ChunkedArray] = []
        pairs: list[str] = []
        for name, index in applied.extras:
            column = parsed.table.column(index)
            if index in applied.pseudonymised:
                column = self._hashed(column)
            own = f"x{len(names)}"
            names.append(own)
            arrays.append(as_text(column))
            key = literal(json.dumps(name, ensure_ascii=False) + ":")
            pairs.append(f"{key} || to_json({identifier(own)})")
        query = _EXTRAS.format(columns=", ".join([*names, "null"]), pairs=", ".join(pairs))
        return engine.query(query, pa.table(arrays, names=names)).column(0).cast(pa.string())
