"""The statement that puts what several marts say into the rows of one answer.

In what is read, keys are called `k0`, `k1` …, figures `m0` … and those of a compared range `c0` …;
the answer has their own names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def joined(branches: Sequence[str], key_count: int, figures: Iterable[str]) -> str:
    """Return the SQL that makes one row of what all branches say of the same keys."""
    if len(branches) == 1:
        return branches[0]
    keys = [f"k{number}" for number in range(key_count)]
    shown = [*keys, *(f"any_value({figure}) as {figure}" for figure in figures)]
    shown.append("bool_or(is_hidden) as is_hidden")
    united = " union all by name ".join(branches)
    sql = f"select {', '.join(shown)} from ({united})"  # noqa: S608 - own aliases
    return f"{sql} group by {', '.join(keys)}" if keys else sql


def named(source: str, keys: Sequence[str], figures: Mapping[str, str]) -> str:
    """Return the SQL that gives the columns of `source` their names, and shows theirs."""
    shown = []
    number = 0
    sql = f"({source}) as joined"
    for name in keys:
        if name == "show_name":
            shown.append("dim_shows.show_name as show_name")
            continue
        shown.append(f'joined.k{number} as "{name}"')
        if name == "show_id" and "show_name" in keys:
            sql += f" left join dim_shows on joined.k{number} = dim_shows.show_id"
        number += 1
    shown += [f'joined.{alias} as "{name}"' for alias, name in figures.items()]
    return f"select {', '.join(shown)}, joined.is_hidden from {sql}"  # noqa: S608 - own names


def narrowed(table: "pa.Table") -> "pa.Table":
    """Return sums of whole numbers as such: the engine sums into more digits than programs have.

    Raises:
        pyarrow.ArrowInvalid: one of them is beyond 64 bits.
    """
    import pyarrow as pa  # noqa: PLC0415 - most programs never ask

    fields = [
        pa.field(part.name, pa.int64())
        if pa.types.is_decimal(part.type) and part.type.scale == 0
        else part
        for part in table.schema
    ]
    return table.cast(pa.schema(fields))
