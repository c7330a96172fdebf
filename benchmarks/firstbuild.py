"""A first build, models only, against the same compiled SQL run by hand in one DuckDB.

    python -m benchmarks firstbuild

Each run is in a process of its own, the rounds of the two are interleaved, and each figure is a
median. By hand the statements run one after the other, in the order in which dbt ran them.
"""

import argparse
import json
import os
import shutil
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.building import FOLDER, SLOWEST, by_model, millions
from benchmarks.homes import Worker, history, in_process
from benchmarks.measuring import say, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("firstbuild")
    group.add_argument(
        "--firstbuild-events", type=float, default=10, metavar="N", help="millions of events"
    )
    group.add_argument("--firstbuild-rounds", type=int, default=3, metavar="N")


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return Markdown."""
    size = int(arguments.firstbuild_events * 1_000_000)
    home = FOLDER / f"first-{size}"
    shutil.rmtree(home, ignore_errors=True)
    worker = Worker(home)
    worker.land(history(size))
    worker.close()
    ways: dict[str, Callable[[Path], dict[str, float]]] = {
        "the same SQL by hand, one DuckDB": models_by_hand,
        "dbt": dbt_models,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    models: dict[str, dict[str, float]] = {}
    memory = dict.fromkeys(ways, 0.0)
    in_process(dbt_models, home)  # Says what the SQL is, and fills the caches of the machine.
    for round_ in range(arguments.firstbuild_rounds):
        for name, way in ways.items():
            models[name], peak = in_process(way, home)
            seconds[name].append(models[name].pop("all"))
            memory[name] = max(memory[name], peak)
            say(f"first build of {millions(size)}, {name}, {round_ + 1}: {seconds[name][-1]:.1f} s")
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    base = next(iter(medians.values()))
    rows = [
        (name, f"{found:.1f} s", f"{found / base:.2f}", f"{memory[name]:.2f} GiB")
        for name, found in medians.items()
    ]
    return "\n\n".join(
        [
            f"A first build of {millions(size)} events, models only:",
            table(("", "seconds", "ratio", "peak memory"), rows),
            f"Seconds in the {SLOWEST} models that take longest, by hand:",
            by_model({size: models["the same SQL by hand, one DuckDB"]}),
        ]
    )


def dbt_models(home: Path) -> dict[str, float]:
    """Run all models with dbt into an empty build database; return the seconds, in `all`."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - in the measured process only

    from watchhouse.dbt_events import spare_debug_events  # noqa: PLC0415
    from watchhouse.dbt_plugin import kept_open  # noqa: PLC0415
    from watchhouse.fingerprint import PROJECT  # noqa: PLC0415

    shutil.rmtree(home / "build", ignore_errors=True)
    os.environ["WATCHHOUSE_HOME"] = str(home)
    spare_debug_events()
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    options += ["--target-path", str(home / "target"), "--log-path", str(home / "logs")]
    options += ["--log-level", "none", "--log-level-file", "none"]

    def invoke(command: str, manifest: Any) -> Any:  # noqa: ANN401 - dbt's own types
        with kept_open():
            outcome = dbtRunner(manifest=manifest).invoke([command, *options])
        if not outcome.success:
            raise RuntimeError(outcome.exception or "dbt failed")
        return outcome.result

    manifest = invoke("parse", None)
    started = time.monotonic()
    invoke("run", manifest)
    return {"all": time.monotonic() - started}


def models_by_hand(home: Path) -> dict[str, float]:
    """Run what dbt compiled as plain statements; return seconds by model, and of `all`."""
    import duckdb  # noqa: PLC0415 - in the measured process only

    results = json.loads((home / "target" / "run_results.json").read_text(encoding="utf-8"))
    nodes = json.loads((home / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    path = home / "hand" / "warehouse.duckdb"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir(parents=True)
    connection = duckdb.connect(str(path))
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    prepare(connection, home)
    seconds: dict[str, float] = {}
    started = time.monotonic()
    for result in results["results"]:
        node: Mapping[str, Any] | None = nodes.get(result["unique_id"])
        if node is None or node["resource_type"] != "model":
            continue
        begun = time.monotonic()
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        connection.execute(
            f"create {kind} {node['schema']}.{node['alias']} as {result['compiled_code']}"
        )
        seconds[node["alias"]] = time.monotonic() - begun
    connection.close()
    return {**seconds, "all": time.monotonic() - started}


def prepare(connection: Any, home: Path) -> None:  # noqa: ANN401 - imported where it is used
    """Make the schemas, and empty tables as those that dbt makes before its first model."""
    for schema in ("staging", "intermediate", "marts", "history"):
        connection.execute(f"create schema {schema}")
    connection.execute(f"attach '{home}/build/warehouse.duckdb' as built (read_only)")
    names = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = 'built' and schema_name = 'history'"
    ).fetchall()
    for (name,) in names:
        connection.execute(f"create table history.{name} as from built.history.{name} limit 0")
    connection.execute("detach built")
