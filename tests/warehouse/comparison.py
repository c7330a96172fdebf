"""What differs between the marts of two databases, row by row and column by column."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

import duckdb

from tests.warehouse.workshop import Reader

_SHOWN: Final = 5
"""Differences shown of each mart."""

_RELATIONS: Final = """
    select table_name, list((column_name, data_type) order by ordinal_position)
    from information_schema.columns
    where table_schema = 'marts'
    group by table_name
    order by table_name
"""

Row = tuple[Any, ...]


def assert_equal_marts(
    left: Reader,
    right: Reader,
    keys: Mapping[str, Sequence[str]],
    only: Collection[str] | None = None,
) -> None:
    """Fail with the `differences`, if there are any."""
    found = differences(left, right, keys, only)
    assert not found, "\n".join(["the marts are not equal:", *found])


def differences(
    left: Reader,
    right: Reader,
    keys: Mapping[str, Sequence[str]],
    only: Collection[str] | None = None,
) -> list[str]:
    """Return a line for each difference between the marts of two databases; none if equal.

    Every relation of schema `marts` is compared, its columns and their types, its rows both ways.
    `keys` names the key columns of a mart, by which rows are paired; without, whole rows are.
    `only` names the marts to look at.
    """
    with left.open() as one, right.open() as other:
        marts, other_marts = (
            {
                name: columns
                for name, columns in _columns(side).items()
                if only is None or name in only
            }
            for side in (one, other)
        )
        assert marts, "there is nothing to compare"
        lines = [
            f"{mart}: columns {marts.get(mart)} against {other_marts.get(mart)}"
            for mart in sorted(marts.keys() | other_marts.keys())
            if marts.get(mart) != other_marts.get(mart)
        ]
        for mart in sorted(marts.keys() & other_marts.keys()):
            names = [name for name, _ in marts[mart]]
            key = [names.index(name) for name in keys.get(mart, names)]
            found = list(_unequal(_rows(one, mart), _rows(other, mart), names, key))
            lines += [f"{mart} {line}" for line in found[:_SHOWN]]
            if len(found) > _SHOWN:
                lines.append(f"{mart}: {len(found) - _SHOWN} more")
    return lines


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    return {
        name: [(column, str(kind)) for column, kind in columns]
        for name, columns in connection.execute(_RELATIONS).fetchall()
    }


def _rows(connection: duckdb.DuckDBPyConnection, mart: str) -> list[Row]:
    return connection.execute(f'from marts."{mart}" order by all').fetchall()


def _unequal(
    left: Sequence[Row], right: Sequence[Row], names: Sequence[str], key: Sequence[int]
) -> Iterator[str]:
    """Yield a line for each key whose rows differ. Rows come in one total order."""
    sides: dict[str, tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((left, right)):
        for row in rows:
            own = ", ".join(f"{names[index]}={row[index]}" for index in key)
            sides.setdefault(own, ([], []))[side].append(row)
    for own, (ours, theirs) in sorted(sides.items()):
        for one, other in zip_longest(ours, theirs):
            if one is None:
                yield f"[{own}]: only in the second"
            elif other is None:
                yield f"[{own}]: only in the first"
            elif one != other:
                changed = (
                    f"{name} is {value!r} against {second!r}"
                    for name, value, second in zip(names, one, other, strict=True)
                    if value != second
                )
                yield f"[{own}]: {', '.join(changed)}"
