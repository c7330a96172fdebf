"""Reading many small files against few, before and after compaction, and what compaction costs.

The rows of all lakes are the same. They are read as a build reads them: the ledger first, then
the files that it names, by one query over every column, in a process of its own whose engine has
read another file before. Figures are medians without start-up; those of the compaction are of the
command, start-up included.
"""

import argparse
import hashlib
import itertools
import multiprocessing
import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.events import make_events
from benchmarks.measuring import (
    OURS,
    WORK,
    Run,
    Summary,
    measure,
    peak_bytes,
    say,
    summarise,
    table,
)
from ingest.columns import STREAMS
from ingest.loading import Loader
from ingest.mappings import Mapping
from ingest.parts import PartWriter
from watchhouse.layout import Home
from watchhouse.ledger import Ledger, StoredFile
from watchhouse.pseudonyms import Pseudonymiser

_FOLDER: Final = WORK / "compaction"
_FEW: Final = 10
_THREADS: Final = 2
_QUERY: Final = (
    "select count(*), sum(hash(columns(*))) from read_parquet(?, hive_partitioning=false)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    group = parser.add_argument_group("compaction")
    group.add_argument("--compaction-files", type=int, default=10_000, metavar="N")
    group.add_argument("--compaction-rows", type=int, default=100, metavar="N", help="of a file")
    group.add_argument("--compaction-rounds", type=int, default=3, metavar="N")


def run(arguments: argparse.Namespace) -> str:
    """Measure, and return one Markdown table."""
    count, each = arguments.compaction_files, arguments.compaction_rows
    rows = count * each
    few = _landed(_FOLDER / f"few-{rows}", files=_FEW, each=rows // _FEW)
    many = _split(few, _FOLDER / f"many-{rows}-{each}", each=each)
    first = next(few.rglob("*.parquet"))
    compacted = _FOLDER / "compacted"
    reads: dict[str, list[Run]] = {"few": [], "many": [], "compacted": []}
    work: list[Run] = []
    removal: list[Run] = []
    for number in range(1, arguments.compaction_rounds + 1):
        shutil.rmtree(compacted, ignore_errors=True)
        # Nothing changes a file of the lake in place: the second name is as good as a copy.
        shutil.copytree(many, compacted, copy_function=os.link)
        work.append(_compact(compacted))
        # As if the grace period had passed: the next compaction removes the originals.
        for path in Home(compacted).ledger.rglob("compacted-*.json"):
            os.utime(path, (0, 0))
        removal.append(_compact(compacted))
        for name, home in (("few", few), ("many", many), ("compacted", compacted)):
            reads[name].append(_read(home, after=first))
        measured = {**reads, "compaction": work, "removal": removal}
        for name, runs in measured.items():
            last = runs[-1]
            say(
                f"round {number}, {name}: {last.seconds:.2f} s, {last.processor_seconds:.2f} s of "
                f"CPU, {last.peak_bytes / 2**20:,.0f} MiB"
            )
    basis = summarise(reads["few"])
    names = {
        "few": f"reading {_FEW} files",
        "many": f"reading {count:,} files",
        "compacted": "reading them **after `watchhouse compact`**",
    }
    lines = [_line(names[name], summarise(runs), basis) for name, runs in reads.items()]
    lines.append(_line(f"`watchhouse compact` of {count:,} files", summarise(work), basis))
    lines.append(_line("the next one, which removes them", summarise(removal), basis))
    header = (f"{rows:,} rows", "seconds", "ratio", "CPU s", "ratio of CPU", "peak memory")
    return table(header, lines)


def _compact(home: Path) -> Run:
    return measure([*OURS, "compact"], environment={"WATCHHOUSE_HOME": str(home)})


def _line(name: str, summary: Summary, basis: Summary) -> list[str]:
    return [
        name,
        f"{summary.seconds:.2f}",
        f"{summary.seconds / basis.seconds:.2f}",
        f"{summary.processor_seconds:.2f}",
        f"{summary.processor_seconds / basis.processor_seconds:.2f}",
        f"{summary.peak_bytes / 2**20:,.0f} MiB",
    ]


def _landed(folder: Path, *, files: int, each: int) -> Path:
    """Return a home into which so many files were landed yesterday, made on first use."""
    if folder.exists():
        return folder
    say(f"landing {files:,} files of {each:,} rows …")
    events = make_events(WORK / f"events-{files * each}.csv", rows=files * each)
    making = folder.with_name("making")
    shutil.rmtree(making, ignore_errors=True)
    loader = Loader(
        home=Home(making),
        stream=STREAMS["watch_events"],
        mapping=Mapping(),
        pseudonymiser=Pseudonymiser(bytes(32)),
    )
    now = datetime.now(UTC) - timedelta(days=1)
    piece = making / "piece.csv"
    piece.parent.mkdir(parents=True)
    with events.open() as lines:
        header = next(lines)
        for number in range(files):
            piece.write_text(header + "".join(next(lines) for _ in range(each)))
            outcome = loader.load(piece, now=now + timedelta(milliseconds=number))
            if outcome.error is not None:
                raise RuntimeError(outcome.error)
    piece.unlink()
    making.rename(folder)
    return folder


def _split(few: Path, folder: Path, *, each: int) -> Path:
    """Return a home with the same rows in files of `each`, as so many loaders would have left it.

    Landing ten thousand files takes a quarter of an hour; each is written as the loader does it.
    """
    if folder.exists():
        return folder
    say(f"splitting into files of {each:,} rows …")
    making = folder.with_name("splitting")
    shutil.rmtree(making, ignore_errors=True)
    ledger = Ledger(Home(few))
    ledger.refresh()
    for entry in ledger.entries():
        whole = pq.read_table([few / file.path for file in entry.files])
        for number, start in enumerate(range(0, whole.num_rows, each)):
            rows = whole.slice(start, each)
            batch_id = hashlib.sha256(f"{entry.batch_id}-{number}".encode()).hexdigest()[:32]
            place = whole.schema.get_field_index("batch_id")
            own = pa.array([batch_id] * len(rows), whole.schema.field(place).type)
            day = f"ingest_date={entry.ingest_date.isoformat()}"
            path = f"raw/{entry.stream}/{day}/batch={batch_id}"
            (making / path).mkdir(parents=True)
            writer = PartWriter(making / path, itertools.count())
            writer.write(rows.set_column(place, whole.schema.field(place), own))
            writer.close()
            (part, count) = writer.parts[0]
            stored = StoredFile(f"{path}/{part.name}", count, part.stat().st_size)
            named = Home(making).ledger / day / f"{batch_id}.json"
            named.parent.mkdir(parents=True, exist_ok=True)
            split = replace(
                entry,
                batch_id=batch_id,
                read_count=count,
                landed_count=count,
                content_hash=batch_id,
                files=(stored,),
            )
            named.write_bytes(split.line())
    making.rename(folder)
    return folder


def _read(home: Path, *, after: Path) -> Run:
    """Read every row of a home in a new process that has read the file `after` before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_read_here, (home, after))


def _read_here(home: Path, warming: Path) -> Run:
    with duckdb.connect(config={"threads": _THREADS}) as engine:
        engine.execute("set enable_progress_bar = false")
        engine.execute(_QUERY, [[str(warming)]]).fetchall()
        begun, used = time.perf_counter(), time.process_time()
        ledger = Ledger(Home(home))
        ledger.refresh()
        paths = {file.path for entry in ledger.entries() for file in entry.files}
        engine.execute(_QUERY, [[str(home / path) for path in sorted(paths)]]).fetchall()
        seconds, processor = time.perf_counter() - begun, time.process_time() - used
    return Run(seconds, processor, peak_bytes())
