"""The registry of metrics against the contracts of the marts."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
import yaml

from tests.watchhouse.conftest import insert
from watchhouse.cli import main
from watchhouse.metrics import Metric, answerable, load_marts, load_metrics

METRICS: Final = load_metrics()
MARTS: Final = load_marts()

HOUR: Final = 3_600_000_000

_AREAS: Final = [
    yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "metric_values").glob("*.yml"))
]
ROWS: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    mart: rows for area in _AREAS for mart, rows in area["rows"].items()
}
VALUES: Final[Mapping[str, float]] = {
    name: value for area in _AREAS for name, value in area["values"].items()
}


def value(marts: duckdb.DuckDBPyConnection, metric: Metric) -> Any:
    found = marts.execute(f"select {metric.sql} from {metric.mart}").fetchone()
    assert found is not None
    return found[0]


def test_no_name_label_or_computation_is_registered_twice() -> None:
    for key in ("name", "label"):
        counted = Counter(getattr(metric, key) for metric in METRICS)
        assert [value for value, n in counted.items() if n > 1] == []
    computed = Counter((metric.mart, " ".join(metric.sql.split())) for metric in METRICS)
    assert [value for value, n in computed.items() if n > 1] == []


def test_every_metric_names_columns_of_the_contracts(
    contracts: dict[str, dict[str, str]], marts: duckdb.DuckDBPyConnection
) -> None:
    for metric in METRICS:
        columns = contracts[metric.mart]
        assert metric.column in columns, metric.name
    for name, mart in MARTS.items():
        assert mart.date_column is None or contracts[name][mart.date_column] == "date", name
        assert set(mart.dimensions) <= contracts[name].keys(), name
        assert set(mart.overlapping) <= set(mart.dimensions), name
        assert mart.time_column is None or contracts[name][mart.time_column] == "timestamp", name
        if mart.users is not None:
            marts.execute(f"select {mart.users} from {name}")


def test_the_same_sql_holds_in_every_mart_that_a_metric_names(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    for metric in METRICS:
        assert {metric.mart, *metric.also_in} <= MARTS.keys(), metric.name
        for mart in metric.also_in:
            marts.execute(f"select {metric.sql} from {mart}")


def test_every_metric_has_a_value_worked_out_by_hand(marts: duckdb.DuckDBPyConnection) -> None:
    for mart, rows in ROWS.items():
        insert(marts, mart, rows)
    computed = {metric.name: value(marts, metric) for metric in METRICS}
    assert computed == pytest.approx(VALUES)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_count_of_nothing_is_zero_and_anything_else_null(
    metric: Metric, marts: duckdb.DuckDBPyConnection
) -> None:
    is_count = metric.sql.startswith("count(") and "/" not in metric.sql
    assert value(marts, metric) == (0 if is_count else None)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("complete_plays", {"complete_play_count": 0, "known_runtime_play_count": 0}),
        ("completion_rate_by_plays", {"complete_play_count": 0, "known_runtime_play_count": 0}),
        ("avg_percentage_viewed", {"watched_microseconds": HOUR}),
        ("average_minute_audience", {"watched_microseconds": HOUR}),
        ("average_minute_audience", {"watched_microseconds": HOUR, "runtime_minutes": 0}),
    ],
)
def test_what_needs_a_runtime_is_null_without_one(
    name: str, row: Mapping[str, object], marts: duckdb.DuckDBPyConnection
) -> None:
    metric = next(metric for metric in METRICS if metric.name == name)
    insert(marts, metric.mart, [row])
    assert value(marts, metric) is None


def test_views_are_those_that_were_published(marts: duckdb.DuckDBPyConnection) -> None:
    # Extraction 2, a week: 88.4 million hours of 2:04 are 42.8 million views.
    metric = next(metric for metric in METRICS if metric.name == "views")
    insert(
        marts, metric.mart, [{"watched_microseconds": 88_400_000 * HOUR, "runtime_minutes": 124}]
    )
    assert round(value(marts, metric), -5) == 42_800_000
    insert(marts, metric.mart, [{"watched_microseconds": HOUR}])
    assert value(marts, metric) is None


@pytest.mark.parametrize(
    ("minutes", "place"), [(405, "below"), (409, "within"), (413, "above")], ids=str
)
def test_published_views_lie_within_the_rounding_of_published_hours(
    minutes: int, place: str, marts: duckdb.DuckDBPyConnection
) -> None:
    # Wednesday, season 1: 252.1 million views of 6:49, of hours that are told as 1.72 billion only.
    metric = next(metric for metric in METRICS if metric.name == "views")
    found = []
    for hours in (1_715_000_000, 1_725_000_000):
        row = {"watched_microseconds": hours * HOUR, "runtime_minutes": minutes}
        insert(marts, metric.mart, [row])
        found.append(value(marts, metric))
        marts.execute(f"delete from {metric.mart}")
    least, most = found
    published = 252_100_000
    said = "below" if published < least else "above" if published > most else "within"
    assert said == place


def test_one_unknown_runtime_leaves_no_audience_of_an_average_minute(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    metric = next(metric for metric in METRICS if metric.name == "average_minute_audience")
    insert(marts, metric.mart, [*ROWS["fct_plays"], {"watched_microseconds": HOUR}])
    assert value(marts, metric) is None


@pytest.mark.parametrize("metric", [m for m in METRICS if m.additive], ids=lambda m: m.name)
def test_what_is_called_additive_adds_up(metric: Metric, marts: duckdb.DuckDBPyConnection) -> None:
    slices = []
    for row in ROWS[metric.mart]:
        insert(marts, metric.mart, [row])
        slices.append(value(marts, metric) or 0)
        marts.execute(f"delete from {metric.mart}")
    assert sum(slices) == pytest.approx(VALUES[metric.name])


@pytest.mark.parametrize("metric", [m for m in METRICS if not m.additive], ids=lambda m: m.name)
def test_what_is_not_called_additive_does_not_add_up(
    metric: Metric, marts: duckdb.DuckDBPyConnection
) -> None:
    slices = []
    for row in [*ROWS[metric.mart]] * 2:
        insert(marts, metric.mart, [row])
        slices.append(value(marts, metric) or 0)
        marts.execute(f"delete from {metric.mart}")
    insert(marts, metric.mart, [*ROWS[metric.mart]] * 2)
    assert sum(slices) != pytest.approx(value(marts, metric))


def test_the_command_prints_all_of_it_as_json_without_a_home(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHHOUSE_HOME", str(tmp_path / "nowhere"))
    assert main(["metrics", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [found.pop("version") for found in printed] == [metric.version for metric in METRICS]
    assert [Metric(**found) for found in printed] == list(METRICS)
    assert not (tmp_path / "nowhere").exists()


def test_the_command_prints_what_a_level_is_enough_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["metrics", "--level", "L0"]) == 0
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [metric.name for metric in METRICS if metric.level == "L0"]
    assert answerable(METRICS, "L2") == METRICS
