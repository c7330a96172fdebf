"""Building with dbt in this process: what fails is named, what changed is read again."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from watchhouse.building import Builder
from watchhouse.errors import BuildError
from watchhouse.layout import Home
from watchhouse.locks import current_holder, is_held
from watchhouse.state import build_database

_PROJECT = """
name: tiny
version: 1.0.0
profile: tiny
data_tests: {tiny: {+schema: test_failures}}
models: {tiny: {+schema: marts, +materialized: table}}
"""
_PROFILE = """
tiny:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('WATCHHOUSE_HOME') }}/build/warehouse.duckdb"
      keep_open: false
      plugins: [{module: watchhouse.dbt_plugin}]
"""
_SCHEMA = """
{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}
"""
_NUMBERS_YAML = """
models:
  - name: numbers
    description: One row per number.
    config: {meta: {publish: {order_by: [number], indexes: [[number]]}}}
    columns:
      - name: number
        description: The number.
        data_tests: [not_null]
"""


@dataclass
class Recorded:
    """A progress that remembers what it was told."""

    total: int = 0
    names: list[str] = field(default_factory=list)
    is_over: bool = False

    def begin(self, total: int) -> None:
        self.total = total
        self.is_over = False

    def advance(self, name: str) -> None:
        self.names.append(name)

    def end(self) -> None:
        self.is_over = True


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A dbt project of two models and a test."""
    folder = tmp_path / "project"
    for path, text in {
        "dbt_project.yml": _PROJECT,
        "profiles.yml": _PROFILE,
        "macros/schema.sql": _SCHEMA,
        "models/numbers.sql": "select 1 as number",
        "models/numbers.yml": _NUMBERS_YAML,
        "models/doubles.sql": "select number * 2 as number from {{ ref('numbers') }}",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_a_kept_builder_names_what_fails_and_reads_what_changed(
    home: Home, project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir("/")
    progress = Recorded()
    builder = Builder(home, progress, project=project)

    report = builder.build(full_refresh=False, lock_timeout=0)

    assert (report.model_count, report.test_count) == (2, 1)
    assert progress.total == len(progress.names) == 3
    assert progress.is_over
    with build_database(home) as connection:
        assert connection.execute("from marts.doubles").fetchall() == [(2,)]
    plan, version = builder.plan()
    (doubles, numbers) = plan.marts
    assert (doubles.name, numbers.name) == ("doubles", "numbers")
    assert numbers.indexes == (("number",),)
    assert numbers.column_descriptions == {"number": "The number."}

    (project / "models" / "numbers.sql").write_text("select unnest([null, null, 3]) as number")
    with pytest.raises(BuildError) as raised:
        builder.build(full_refresh=False, lock_timeout=0)

    message = str(raised.value)
    assert "1 of 3 models and tests failed, 1 were skipped" in message
    assert "test not_null_numbers_number: 2 failing rows" in message
    table = "test_failures.not_null_numbers_number"
    assert f'watchhouse sql --build "from {table}"' in message
    with build_database(home) as connection:
        assert connection.execute(f"from {table}").fetchall() == [(None,), (None,)]
    assert builder.plan()[1] != version

    (project / "models" / "numbers.sql").write_text("select nonsense")
    with pytest.raises(BuildError, match=r'model numbers: .*"nonsense" was not found'):
        builder.build(full_refresh=False, lock_timeout=0)

    (project / "models" / "numbers.sql").write_text("{{ nonsense( }}")
    with pytest.raises(BuildError, match="dbt could not run: Compilation Error"):
        builder.build(full_refresh=False, lock_timeout=0)

    # Nobody keeps the lock, nothing was said over dbt's own channels or written to the project.
    assert not is_held(home.builder_lock)
    assert current_holder(home.builder_lock) is None
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in project.iterdir()) == [
        "dbt_project.yml",
        "macros",
        "models",
        "profiles.yml",
    ]
