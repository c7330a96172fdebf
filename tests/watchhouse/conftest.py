"""A small build database, as dbt leaves it behind, without dbt."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from watchhouse.fingerprint import PROJECT
from watchhouse.layout import Home
from watchhouse.manifests import ReleaseManifest
from watchhouse.marts import Log, Mart, PublicationPlan
from watchhouse.publishing import Publication, publish

CODE_VERSION = "c0de"
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]

PLAN = PublicationPlan(
    marts=(
        Mart(
            schema="history",
            name="shows_snapshot",
            description="",
            column_descriptions={},
            partition_by=None,
            order_by=(),
            indexes=(),
        ),
        Mart(
            schema="marts",
            name="dim_shows",
            description="One row per show. It's a dimension.",
            column_descriptions={"show_id": "Key of a show.", "renamed_away": "Not there."},
            partition_by=None,
            order_by=("show_id",),
            indexes=(("show_id",),),
        ),
        Mart(
            schema="marts",
            name="fct_plays",
            description="One row per play.",
            column_descriptions={"play_id": "Key of a play."},
            partition_by="started_date",
            order_by=("play_id",),
            indexes=(),
            is_core=True,
            is_added_to=True,
        ),
    ),
    logs=(Log("intermediate", "int_changed_days"), Log("intermediate", "int_changed_spans")),
)

_TABLES = """
    create schema history;
    create schema intermediate;
    create schema marts;
    create table history.published_batches (
        batch_id varchar, release_id integer, published_at timestamptz
    );
    create table history.waiting_batches (batch_id varchar);
    create table history.release_parts (
        mart varchar, part_date date, path varchar, row_count bigint, byte_count bigint
    );
    create table history.rewritten_days (mart varchar, part_date date);
    create table history.last_run as select
        'run-0' as invocation_id, 'c0de' as code_version, 'c0de' as table_code_version,
        'full' as selection, false as full_refresh,
        now() as started_at, now() as completed_at, true as is_complete, 0::integer as failed_count;
    create table history.shows_snapshot (show_id varchar, valid_from timestamptz);
    create table intermediate.int_batches (
        batch_id varchar, stream varchar, replay_of varchar
    );
    create table intermediate.int_changed_days (activity_date date);
    create table intermediate.int_changed_spans (user_id varchar);
    create table marts.dim_shows (show_id varchar, genres varchar[]);
    create table marts.fct_plays (
        play_id uuid, batch_id varchar, watched_minutes double, share decimal(18, 6),
        is_complete_play boolean, started_at timestamp, started_date date,
        watched_microseconds bigint
    );
    create view marts.fct_platform_days as
        select
            started_date as activity_date, count(*) as play_count, 1::bigint as user_count,
            1::bigint as session_count, count(*) filter (where is_complete_play)
                as complete_play_count,
            cast(sum(watched_microseconds) as bigint) as watched_microseconds
        from marts.fct_plays group by started_date;
"""


@dataclass
class SmallBuild:
    """A build database that tests change by hand, and its publication."""

    home: Home
    plan: PublicationPlan = PLAN
    batches: list[str] = field(default_factory=list)

    def run(self, sql: str) -> list[tuple[object, ...]]:
        """Execute SQL in the build database."""
        with duckdb.connect(str(self.home.build_database)) as connection:
            return connection.execute(sql).fetchall()

    def add(self, batch_id: str, days: Iterable[date], *, plays: int = 10) -> None:
        """Add a batch with some plays on each of the days, as a good run of dbt would."""
        self.batches.append(batch_id)
        self.run(
            f"insert into intermediate.int_batches values ('{batch_id}', 'watch_events', null)"
        )
        self.run(f"insert into intermediate.int_changed_spans values ('{batch_id}')")
        self.run(f"update history.last_run set invocation_id = 'run-{batch_id}'")
        for day in days:
            self.run(
                f"insert into intermediate.int_changed_days values (date '{day}');"
                f"insert into marts.fct_plays select uuid(), '{batch_id}', i, i / 3, i > 5,"
                f" timestamp '{day}' + to_minutes(i), date '{day}', i * 60000000"
                f" from range({plays}) as t (i)"
            )

    def publish(
        self, base: ReleaseManifest | None = None, standing: ReleaseManifest | None = None
    ) -> ReleaseManifest:
        """Publish what there is; with a `base`, the core marts only."""
        with duckdb.connect(str(self.home.build_database)) as connection:
            return publish(
                connection,
                self.home,
                Publication(self.plan, CODE_VERSION, NOW, base=base, standing=standing),
            )

    def read(self, sql: str, *, release: str = "current") -> list[tuple[object, ...]]:
        """Ask a release as a foreign client would: by path, knowing nothing of our code."""
        folder = self.home.root / release if release == "current" else self.home.releases / release
        with duckdb.connect(str(folder.resolve() / "warehouse.duckdb"), read_only=True) as client:
            return client.execute(sql).fetchall()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home folder in which nothing was ever written."""
    return Home(tmp_path / "home")


@pytest.fixture
def build_in() -> Callable[[Home], SmallBuild]:
    """Return a function that makes a build database with all its tables and no rows."""

    def make(home: Home) -> SmallBuild:
        home.build.mkdir(parents=True)
        build = SmallBuild(home)
        build.run(_TABLES)
        return build

    return make


@pytest.fixture
def small_build(home: Home, build_in: Callable[[Home], SmallBuild]) -> SmallBuild:
    """Return an empty build database in the home of the test."""
    return build_in(home)


@pytest.fixture
def python() -> tuple[list[str], dict[str, str]]:
    """Return a command that runs Python on this checkout, and its environment."""
    return [sys.executable], {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"}


@pytest.fixture(scope="session")
def contracts() -> dict[str, dict[str, str]]:
    """Return the columns of each mart, with their types."""
    found = {}
    for path in sorted((PROJECT / "models" / "marts").glob("*/*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            columns = model["columns"]
            found[model["name"]] = {column["name"]: column["data_type"] for column in columns}
    return found


@pytest.fixture
def marts(contracts: dict[str, dict[str, str]]) -> duckdb.DuckDBPyConnection:
    """Return a database with the marts as their contracts promise them, without a row."""
    connection = duckdb.connect()
    for mart, columns in contracts.items():
        described = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"create table {mart} ({described})")
    return connection


def insert(
    marts: duckdb.DuckDBPyConnection, mart: str, rows: Sequence[Mapping[str, object]]
) -> None:
    for row in rows:
        names, marks = ", ".join(row), ", ".join("?" for _ in row)
        marts.execute(f"insert into {mart} ({names}) values ({marks})", list(row.values()))
