"""Writes a simulation to a folder: catalogue, users, event files and the truth."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from watchhouse.errors import SimulationError, UsageError
from watchhouse.simulation import catalog as shows
from watchhouse.simulation import population
from watchhouse.simulation.definitions import DEFINITIONS
from watchhouse.simulation.fault import file_of_time
from watchhouse.simulation.generation import Chunk, generate
from watchhouse.simulation.rendering import HEADERS, Renderer
from watchhouse.simulation.rows import Integers
from watchhouse.simulation.scenario import Scenario
from watchhouse.simulation.truth import Truth
from watchhouse.simulation.world import make_world

TRUTH: Final = "truth.json"
_OURS: Final = re.compile(r"events-\d+\.(csv|ndjson)|catalog\.csv|users\.csv")


def simulate(
    scenario: Scenario, folder: Path, *, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Write the scenario's files into the folder and return what `truth.json` holds.

    An earlier simulation in the folder is replaced. `progress` is told how many events have been
    written, now and then.

    Raises:
        UsageError: when the folder holds files of the same names that no simulation made.
        SimulationError: when the folder cannot be written.

    """
    try:
        return _write(scenario, folder, progress)
    except OSError as error:
        message = f"{error.filename or folder} cannot be written: {error.strerror}"
        raise SimulationError(message) from error


def _write(scenario: Scenario, folder: Path, progress: Callable[[int], None]) -> dict[str, Any]:
    world = make_world(scenario)
    catalog = world.catalog
    _prepare(folder)
    listed = list(catalog.records(f"{scenario.start}T00:00:00Z"))
    (folder / "catalog.csv").write_bytes(_csv([shows.COLUMNS, *listed]))
    users = folder / "users.csv"
    users.write_bytes(_csv([population.COLUMNS]))
    width = max(len(str(scenario.files)), 3)
    paths = [
        folder / f"events-{number + 1:0{width}d}.{scenario.file_format}"
        for number in range(scenario.files)
    ]
    for path in paths:
        path.write_bytes(HEADERS[scenario.file_format])
    renderer, truth = Renderer(scenario, catalog), Truth(scenario, catalog)
    records = np.zeros(scenario.files, dtype=np.int64)
    for chunk in generate(world):
        with users.open("ab") as file:
            file.write(_csv(chunk.people.records()))
        records += _append(scenario, renderer, chunk, paths)
        truth.add(chunk.rows)
        progress(int(records.sum()))
    result = {
        "is_complete": True,
        "scenario": _arguments(scenario),
        "files": [
            {"path": path.name, "records": count, "bytes": path.stat().st_size}
            for path, count in zip(paths, records.tolist(), strict=True)
        ],
        "catalog": {
            "path": "catalog.csv",
            "records": len(listed),
            "shows": len({record[0] for record in listed}),
        },
        "users": {"path": "users.csv", "records": scenario.users},
        **truth.report(),
        "definitions": DEFINITIONS,
    }
    _save(folder / TRUTH, result)
    return result


def _append(
    scenario: Scenario, renderer: Renderer, chunk: Chunk, paths: Sequence[Path]
) -> Integers:
    """Add a chunk's records to the files they arrive in; return how many each file got."""
    lines = renderer.render(chunk.people, chunk.rows)
    # Rows are in order of arrival, so those of one file are next to each other.
    files = file_of_time(scenario, chunk.rows.arrived)
    bounds = np.searchsorted(files, np.arange(len(paths) + 1))
    for path, first, last in zip(paths, bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        if first < last:
            with path.open("ab") as file:
                file.write(lines.between(first, last))
    return np.diff(bounds)


def _prepare(folder: Path) -> None:
    """Clear the folder of an earlier simulation, and of nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    if ours and not (folder / TRUTH).exists():
        message = (
            f"{ours[0]} is in the way and not from a simulation, as {folder} has no {TRUTH}: "
            "choose another --out or move the file"
        )
        raise UsageError(message)
    # Until the files are whole, the truth says that they are not.
    _save(folder / TRUTH, {"is_complete": False})
    for path in ours:
        path.unlink()


def _save(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    temporary = path.with_suffix(".json.partial")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(path)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _arguments(scenario: Scenario) -> dict[str, Any]:
    return {
        "events": scenario.events,
        "users": scenario.users,
        "days": scenario.days,
        "start_date": scenario.start.isoformat(),
        "seed": scenario.seed,
        "format": scenario.file_format,
        "files": scenario.files,
        "event_ids": scenario.event_ids,
        "rates": vars(scenario.rates),
    }
