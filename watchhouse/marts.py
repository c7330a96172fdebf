"""Which relations of the build are published, and how: read from the models' own YAML.

A mart says `config.meta.publish`: either `partition_by` (a date column; immutable Parquet files
per day, of which only the changed are written) or nothing of the kind (a native table in the
release); `order_by` and `indexes` for its look-ups. Models tagged `until_published` keep a log of
what changed, which a publication empties. Those tagged `core` are made by the fast selection too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from watchhouse.errors import PublishError

Selection = Literal["core", "full"]
"""What a build runs and a release holds anew, as `selectors.yml` defines it."""

_KEYS: Final = frozenset({"partition_by", "order_by", "indexes"})
_OF_CHANGED_BATCHES: Final = "batch_id in (select batch_id from intermediate.int_changed_batches)"
_CHANGED: Final = {
    "on_changed_days": "activity_date in (select activity_date from intermediate.int_changed_days)",
    "of_changed_users": "user_id in (select user_id from intermediate.int_changed_users)",
    "of_changed_batches": _OF_CHANGED_BATCHES,
    # Batches that came or went, whose rows these are, are among the changed.
    "of_read_batches": _OF_CHANGED_BATCHES,
}
"""What `meta.replaces` picks, of every build since the last publication: see macros/incremental."""


class Node(Protocol):
    """A node of dbt's manifest, as far as it matters here."""

    @property
    def name(self) -> str:
        """The name in the project."""

    @property
    def alias(self) -> str:
        """The name in the database."""

    @property
    def schema(self) -> str:
        """The schema in the database."""

    @property
    def description(self) -> str:
        """The text of the YAML."""

    @property
    def resource_type(self) -> object:
        """What it is: as a text, `model`, `snapshot`, `test` and so on."""

    @property
    def config(self) -> Any:  # noqa: ANN401 - each kind of node has a class of its own
        """Its settings: materialized, tags, meta."""

    @property
    def columns(self) -> Mapping[str, Any]:
        """Described columns by name, each with `name` and `description`."""


@dataclass(frozen=True)
class Mart:
    """One published relation. Descriptions are those of the YAML, and may be empty."""

    schema: str
    name: str
    description: str
    column_descriptions: Mapping[str, str]
    partition_by: str | None
    order_by: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]
    is_core: bool = False
    """Whether the fast selection makes it, so that every release holds it anew."""
    changed: str | None = None
    """A condition that picks the rows which may differ from the last release; None if any may."""
    is_added_to: bool = False
    """Whether days that lost a row are on record, so that files of others may be added to."""
    loose_count: int = 0
    """Rows of the table in the last release that are not in its order, but at its end."""

    @property
    def relation(self) -> str:
        """The quoted name of schema and relation, the same in the build and in a release."""
        return f"{quote(self.schema)}.{quote(self.name)}"


@dataclass(frozen=True)
class Log:
    """A table of what changed, which a full publication empties and one of the core sets aside."""

    schema: str
    name: str

    @property
    def relation(self) -> str:
        """The quoted name of schema and table."""
        return f"{quote(self.schema)}.{quote(self.name)}"

    @property
    def waiting(self) -> str:
        """Where its entries wait for the marts that have not seen them; dbt knows the name too."""
        return f"history.{quote(f'waiting_{self.name}')}"


@dataclass(frozen=True)
class PublicationPlan:
    """All that a publication needs to know of the dbt project."""

    marts: tuple[Mart, ...]
    logs: tuple[Log, ...]


def publication_plan(nodes: Iterable[Node]) -> PublicationPlan:
    """Read the plan from the nodes of a dbt manifest.

    Raises:
        PublishError: naming the model whose `meta.publish` cannot be understood.
    """
    marts = []
    logs = []
    for node in sorted(nodes, key=lambda node: (node.schema, node.alias)):
        kind = str(node.resource_type)
        materialized = str(node.config.materialized)
        if materialized == "ephemeral":
            continue
        if kind == "snapshot" or (kind == "model" and node.schema == "marts"):
            marts.append(_mart(node))
        elif (
            kind == "model"
            and "until_published" in node.config.tags
            and materialized in {"table", "incremental"}
        ):
            logs.append(Log(node.schema, node.alias))
    return PublicationPlan(marts=tuple(marts), logs=tuple(logs))


def _mart(node: Node) -> Mart:
    publish = node.config.meta.get("publish") or {}
    if not isinstance(publish, dict) or not publish.keys() <= _KEYS:
        message = (
            f"{node.name}: config.meta.publish must be a mapping with the keys "
            f"{', '.join(sorted(_KEYS))}, not {publish!r}. See CONTRIBUTING.md, 'Add a mart'."
        )
        raise PublishError(message)
    partition_by = publish.get("partition_by")
    if partition_by is not None and publish.get("indexes"):
        message = (
            f"{node.name}: config.meta.publish names both partition_by and indexes; Parquet files "
            "have no indexes. Choose one."
        )
        raise PublishError(message)
    return Mart(
        schema=node.schema,
        name=node.alias,
        description=node.description,
        column_descriptions={column.name: column.description for column in node.columns.values()},
        partition_by=partition_by,
        order_by=tuple(publish.get("order_by") or ()),
        indexes=tuple(tuple(columns) for columns in publish.get("indexes") or ()),
        is_core="core" in node.config.tags,
        changed=_CHANGED.get(node.config.meta.get("replaces", "")),
        is_added_to=getattr(node.config, "incremental_strategy", None) == "replace_different",
    )


def quote(name: str) -> str:
    """Quote an identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL, where a parameter cannot be bound."""
    return "'" + text.replace("'", "''") + "'"
