"""Builds and publications of small homes with one parsed dbt project, inside this process."""

import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import GenericTestNode
from dbt_common.events.base_types import EventMsg

from tests.sharing import shared
from tests.warehouse.lake import pseudonym
from watchhouse.dbt_events import spare_debug_events
from watchhouse.dbt_plugin import kept_open
from watchhouse.fingerprint import PROJECT, code_version
from watchhouse.layout import Home
from watchhouse.locks import builder_lock
from watchhouse.marts import PublicationPlan, publication_plan
from watchhouse.publishing import Publication, publish, refusal
from watchhouse.releases import current_manifest
from watchhouse.state import build_database, read_state

spare_debug_events()

_PUBLISHED_AT: Final = datetime(2026, 11, 2, tzinfo=UTC)
_INVALIDATED: Final = "database has been invalidated"
_GOOD: Final = frozenset({"success", "pass", "warn", "no-op"})


@dataclass(frozen=True)
class Project:
    """The dbt project, parsed once for all homes."""

    manifest: Manifest
    plan: PublicationPlan
    version: str

    @property
    def keys(self) -> Mapping[str, tuple[str, ...]]:
        """The key columns of each model whose YAML tests one."""
        found = {}
        for test in self.manifest.nodes.values():
            if isinstance(test, GenericTestNode) and test.attached_node is not None:
                model = self.manifest.nodes[test.attached_node].name
                arguments = test.test_metadata.kwargs
                if test.test_metadata.name == "unique":
                    found[model] = (arguments["column_name"],)
                elif test.test_metadata.name == "is_unique_together":
                    found[model] = tuple(arguments["columns"])
        return found

    def marts(self, *, core: bool) -> set[str]:
        """The names of the marts that the fast selection makes, or of all others."""
        return {
            mart.name for mart in self.plan.marts if mart.is_core == core and mart.schema == "marts"
        }

    @property
    def models(self) -> list[str]:
        """The names of all models, in a lasting order."""
        nodes = self.manifest.nodes.values()
        return sorted(node.name for node in nodes if str(node.resource_type) == "model")


def parse_project(factory: pytest.TempPathFactory) -> Project:
    """Parse the project in the checkout.

    The first worker that does leaves in the home what spares dbt most of it the next time.
    """
    with shared(factory, "parsed") as folder:
        manifest = _invoke(["parse"], None, Home(folder))
    assert isinstance(manifest, Manifest)
    return Project(manifest, publication_plan(manifest.nodes.values()), code_version())


@dataclass(frozen=True)
class Workshop:
    """One home, and the project that builds it. `variables` are those of every run in it."""

    home: Home
    project: Project
    variables: Mapping[str, Any]

    def run(self, *options: str) -> None:
        """Run all models, and nothing else."""
        assert (bad := self._dbt("run", *options)) == [], bad

    def run_without(self, *left_out: str) -> None:
        """Run models as a build does that dies: some are left out, and others may fail for that."""
        self._dbt("run", "--exclude", *left_out)

    def run_only(self, *chosen: str) -> list[str]:
        """Run some models by themselves; return what went wrong."""
        return self._dbt("run", "--select", *chosen)

    def build(self, *options: str) -> None:
        """Run models, seeds, snapshots and data tests. Unit tests know nothing of the lake."""
        assert (
            bad := self._dbt("build", "--exclude-resource-type", "unit_test", *options)
        ) == [], bad

    def _dbt(self, *arguments: str) -> list[str]:
        """Run dbt; return what went wrong in it."""
        if self.variables:
            arguments = (*arguments, "--vars", json.dumps(dict(self.variables)))
        result = _invoke(arguments, self.project.manifest, self.home)
        assert isinstance(result, RunExecutionResult)
        return [
            f"{done.node.name}: {done.status}: {done.message}"
            for done in result.results
            if str(done.status) not in _GOOD
        ]

    def publish(self, *, strictly: bool = True) -> int:
        """Publish a release and return its number; `strictly` as the command does it.

        Otherwise the models alone will do: many builds have no time for snapshots and data tests.
        """
        with (
            builder_lock(self.home.builder_lock, timeout=0),
            build_database(self.home) as connection,
        ):
            plan = self.project.plan
            state = read_state(connection)
            if strictly:
                assert refusal(state, self.project.version, None) is None
            else:
                plan = replace(plan, marts=tuple(m for m in plan.marts if m.schema == "marts"))
            assert state.last_run is not None
            is_core = state.last_run.selection == "core"
            standing = current_manifest(self.home) if state.published else None
            base = standing if is_core else None
            publication = Publication(plan, self.project.version, _PUBLISHED_AT, base, standing)
            return publish(connection, self.home, publication).release_id

    def release(self, number: int) -> "Reader":
        """Read a release."""
        return Reader(self.home.releases / str(number) / "warehouse.duckdb")

    def built(self) -> "Reader":
        """Read the build database."""
        return Reader(self.home.build_database)


@dataclass(frozen=True)
class Reader:
    """A database with marts."""

    path: Path

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open it read-only, for the length of the block."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection

    def ask(self, sql: str, *users: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, with a parameter for each user; times as short texts."""
        with self.open() as connection:
            rows = connection.execute(sql, [pseudonym(user) for user in users]).fetchall()
        return [tuple(_plain(value) for value in row) for row in rows]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else value


def _invoke(arguments: Sequence[str], manifest: Manifest | None, home: Home) -> object:
    """Run dbt; once more if the engine fails by a fault of its own, as `watchhouse build` does."""
    said: list[str] = []
    outcome = _invoked(arguments, manifest, home, said)
    if _INVALIDATED in str(outcome.exception):
        errors = "\n".join(said)
        warnings.warn(f"a fault of the engine in dbt {arguments[0]}:\n{errors}", stacklevel=2)
        outcome = _invoked(arguments, manifest, home, said)
    if outcome.exception is not None:
        raise outcome.exception
    return outcome.result


def _invoked(
    arguments: Sequence[str], manifest: Manifest | None, home: Home, said: list[str]
) -> dbtRunnerResult:
    def hear(event: EventMsg) -> None:
        info: Any = event.info
        if info.level == "error":
            said.append(info.msg)

    before = os.environ.get("WATCHHOUSE_HOME")
    os.environ["WATCHHOUSE_HOME"] = str(home.root)
    try:
        with kept_open():
            return dbtRunner(manifest, callbacks=[hear]).invoke([*arguments, *_options(home)])
    finally:
        if before is None:
            del os.environ["WATCHHOUSE_HOME"]
        else:
            os.environ["WATCHHOUSE_HOME"] = before


def _options(home: Home) -> list[str]:
    return [
        *("--project-dir", str(PROJECT)),
        *("--profiles-dir", str(PROJECT)),
        *("--target-path", str(home.build / "target")),
        *("--log-path", str(home.root / "logs")),
        *("--log-level", "none"),
        *("--log-level-file", "none"),
        "--no-write-json",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
    ]
