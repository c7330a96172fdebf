"""Mapping files: how an input's column names become the contract's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ingest.columns import Stream, missing
from watchhouse.errors import InputFileError, MappingError

_YEAR_OF_NO_DATE: Final = 1900
"""What strptime gives where the format says nothing of a year."""


def _engine_says(expression: str, given: str) -> tuple[object, str | None]:
    """Evaluate an expression over `$given`; return its value, or None and what is wrong."""
    import duckdb  # noqa: PLC0415 - only a few mappings need it

    with duckdb.connect(":memory:") as connection:
        try:
            row = connection.execute(f"select {expression}", {"given": given}).fetchone()
        except duckdb.Error as error:
            return None, str(error).splitlines()[0]
    return (row[0] if row else None), None


class Mapping(BaseModel):
    """What a mapping file says; the defaults are what happens without one.

    `columns` maps canonical names to names in the input. The loader renames, pseudonymises and
    drops; the models apply `watch_date_format`, `time_zone` and `decimal_separator`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    source: str = Field(default="default", min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    watch_date_format: str | None = Field(default=None, min_length=1)
    time_zone: str = "UTC"
    decimal_separator: Literal[".", ","] = "."
    identifiers: list[str] = Field(default_factory=list)
    drop: list[str] = Field(default_factory=list)

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            # UTC needs no database of zones, which a slim container may lack.
            _ = name == "UTC" or ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            message = f"{name!r} is not an IANA time zone such as Europe/Berlin"
            raise ValueError(message) from error
        # The models convert with the engine's own zones, which lack `localtime` and its like.
        if name != "UTC" and _engine_says("timezone($given, timestamp '2001-02-03')", name)[1]:
            message = f"{name!r} is no zone of its own; name one such as Europe/Berlin"
            raise ValueError(message)
        return name

    @field_validator("watch_date_format")
    @classmethod
    def _is_a_format(cls, text: str | None) -> str | None:
        if text is None:
            return None
        # A format that the engine refuses would fail each build from then on.
        moment = "strftime(timestamp '2001-02-03 04:05:06', $given)"
        shown, problem = _engine_says(f"year(try_strptime({moment}, $given)::timestamp)", text)
        if problem is not None:
            message = f"{text!r} is not a strptime format ({problem})"
            raise ValueError(message)
        if shown == _YEAR_OF_NO_DATE:
            message = f"{text!r} holds no date; write it as in '%Y-%m-%d %H:%M'"
            raise ValueError(message)
        return text

    def identity(self) -> dict[str, Any]:
        """Return what makes two mappings the same; renaming a column to its own name is nothing."""
        values = self.model_dump()
        values["columns"] = {k: v for k, v in sorted(self.columns.items()) if k != v}
        values["identifiers"] = sorted(set(self.identifiers))
        values["drop"] = sorted(set(self.drop))
        return values


@dataclass(frozen=True)
class Plan:
    """A mapping applied to the column names of one file.

    `sources` holds, per canonical column of the stream, the index of the input column or None;
    `extras` the (name, index) of each unknown column; `pseudonymised` the indexes to be hashed.
    """

    sources: tuple[int | None, ...]
    extras: tuple[tuple[str, int], ...]
    pseudonymised: frozenset[int]


def load_mapping(path: Path, stream: Stream) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingError: naming the file, and the field that is wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # Of values, YAML reads dates by itself: 2026-02-30 is a ValueError of its own.
        reason = (isinstance(error, OSError) and error.strerror) or " ".join(str(error).split())
        message = f"{path}: the mapping file cannot be read: {reason}"
        raise MappingError(message) from error
    if document is None:
        document = {}
    if not isinstance(document, dict):
        message = f"{path}: a mapping file holds fields such as `source:` and `columns:`"
        raise MappingError(message)
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {_said(fault['type'], fault['msg'])}"
            for fault in error.errors()
        )
        message = f"{path}: {problems}"
        raise MappingError(message) from error
    problem = _contradiction(mapping, stream)
    if problem is not None:
        message = f"{path}: {problem}"
        raise MappingError(message)
    return mapping


def _said(kind: str, message: str) -> str:
    if kind != "extra_forbidden":
        return message
    return f"no field of a mapping file; there are {', '.join(Mapping.model_fields)}"


def _contradiction(mapping: Mapping, stream: Stream) -> str | None:
    for name in mapping.columns:
        if name not in stream.columns:
            return (
                f"columns.{name}: is not a column of {stream.name}; "
                f"those are {', '.join(stream.columns)}"
            )
    for name in mapping.drop:
        if name in mapping.columns.values():
            return f"drop: {name!r} is also used under columns; remove it from one of them"
        if name in mapping.identifiers:
            return f"drop: {name!r} is also listed under identifiers; remove it from one of them"
    return None


def plan(names: Sequence[str], mapping: Mapping, stream: Stream) -> Plan:
    """Decide what becomes of each input column.

    Names match exactly. A column that bears a canonical name maps itself, unless the mapping
    says where that canonical column comes from, or uses the name for another one.
    """
    index = {name: position for position, name in enumerate(names)}
    dropped = set(mapping.drop)
    used = set(mapping.columns.values())
    sources: list[int | None] = []
    for canonical in stream.columns:
        if canonical in mapping.columns:
            sources.append(index.get(mapping.columns[canonical]))
        elif canonical in used or canonical in dropped:
            sources.append(None)
        else:
            sources.append(index.get(canonical))
    taken = {source for source in sources if source is not None}
    hashed = {index[name] for name in mapping.identifiers if name in index}
    hashed |= {
        source
        for canonical, source in zip(stream.columns, sources, strict=True)
        if source is not None and canonical in stream.identifiers
    }
    return Plan(
        sources=tuple(sources),
        extras=tuple(
            (name, position)
            for position, name in enumerate(names)
            if position not in taken and name not in dropped
        ),
        pseudonymised=frozenset(hashed),
    )


def effective(mapping: Mapping, stream: Stream, names: Sequence[str]) -> dict[str, Any]:
    """Return the mapping as the ledger keeps it: `columns` only as they apply to these names."""
    values = mapping.model_dump()
    applied = plan(names, mapping, stream)
    values["columns"] = {
        canonical: names[source]
        for canonical, source in zip(stream.columns, applied.sources, strict=True)
        if source is not None
    }
    order = [
        "columns",
        "watch_date_format",
        "time_zone",
        "decimal_separator",
        "identifiers",
        "drop",
    ]
    return {name: values[name] for name in order}


def check(
    names: Sequence[str], mapping: Mapping, stream: Stream, *, path: str, is_complete: bool
) -> None:
    """Refuse a file whose columns do not fit the contract or the mapping.

    Without `is_complete`, `names` are those of the first records only: others may follow.

    Raises:
        InputFileError: a required column is missing.
        MappingError: the mapping names a column that the file does not have.
    """
    has = ", ".join(repr(name) for name in names) or "none"
    applied = plan(names, mapping, stream)
    present = [
        canonical
        for canonical, source in zip(stream.columns, applied.sources, strict=True)
        if source is not None
    ]
    if is_complete:
        for canonical, name in mapping.columns.items():
            if name not in names:
                message = f"{path}: columns.{canonical}: no column is named {name!r}; it has {has}"
                raise MappingError(message)
    lacking = missing(stream, present)
    if lacking:
        message = (
            f"{path}: has no column for {', '.join(lacking)}; it has {has}. Name the columns in a "
            "mapping file (--mapping), or say which kind of records these are (--stream)."
        )
        raise InputFileError(message)
    if is_complete:
        for problem in misnamed(names, mapping, stream):
            message = f"{path}: {problem}"
            raise MappingError(message)


def misnamed(names: Sequence[str], mapping: Mapping, stream: Stream) -> list[str]:
    """Return what is wrong with names under `drop` and `identifiers`.

    One that the file does not have may be misspelt: then a private column would land as it is.
    It is no problem in a file whose columns are all known otherwise.
    """
    unknown = [
        name for name, _ in plan(names, mapping, stream).extras if name not in mapping.identifiers
    ]
    if not unknown:
        return []
    kept = ", ".join(map(repr, unknown))
    return [
        f"{field}: no column is named {name!r}, while {kept} would be kept as received; "
        "correct the name, or remove it from the mapping"
        for field, listed in (("drop", mapping.drop), ("identifiers", mapping.identifiers))
        for name in listed
        if name not in names
    ]
