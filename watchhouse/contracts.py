"""What the marts promise: their columns, types and meanings, read from the models' own YAML."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from watchhouse.fingerprint import PROJECT

_FOLDERS: Final = ("marts", "history")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one written in C reads what takes a second otherwise in a tenth of it."""


@dataclass(frozen=True)
class Column:
    """One column of a contract."""

    type: str
    """As the engine calls it, in lower case."""
    is_nullable: bool
    description: str


@dataclass(frozen=True)
class Contract:
    """One mart: what a row is, and its columns in order."""

    description: str
    columns: Mapping[str, Column]


@cache
def load_contracts(project: Path = PROJECT) -> Mapping[str, Contract]:
    """Return the contract of every mart of the project, by its name."""
    found = {}
    for folder in _FOLDERS:
        for path in sorted((project / "models" / folder).rglob("*.yml")):
            document = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - a safe one
            for model in document.get("models", ()):
                found[model["name"]] = Contract(
                    description=" ".join(model.get("description", "").split()),
                    columns={
                        column["name"]: Column(
                            type=column.get("data_type", "varchar").lower(),
                            is_nullable={"type": "not_null"} not in column.get("constraints", ()),
                            description=" ".join(column.get("description", "").split()),
                        )
                        for column in model.get("columns", ())
                    },
                )
    return found


@cache
def reporting_time_zone(project: Path = PROJECT) -> str:
    """Return the time zone of the reporting days, as the project has it."""
    text = (project / "dbt_project.yml").read_text(encoding="utf-8")
    return str(yaml.safe_load(text)["vars"]["reporting_time_zone"])
