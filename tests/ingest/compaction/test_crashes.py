"""Whatever is killed, and whatever lands meanwhile, each row is found once at every moment."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ingest.columns import STREAMS
from ingest.compaction.days import WORKSPACE, Compactor
from ingest.mappings import Mapping
from ingest.streaming.chains import Chains, Log
from ingest.streaming.messages import Messages
from ingest.streaming.micro_batches import Lander, MicroBatch
from ingest.streaming.topics import Topic
from ingest.workspace import Workspace, sweep
from tests.ingest.compaction.conftest import FIRST_DAY, TODAY, Days, rows_of, watching
from watchhouse.ledger import Entry, Ledger
from watchhouse.pseudonyms import Pseudonymiser

REPOSITORY = Path(__file__).parents[3]
LOG = Log("c", "events", "g1", 0)
TOPIC = Topic("events", STREAMS["watch_events"], Mapping())

# Compacts again and again, each time in a forked child that is killed one step later than the one
# before, until a child gets through. A step is a call that changes something on disk.
_KILLED_EVERYWHERE = """
import os, signal, sys
from pathlib import Path
import pyarrow.compute, pyarrow.parquet
from tests.ingest.compaction.conftest import Days
from watchhouse.layout import Home

STEPS = {"rename", "link", "mkdir", "fsync", "unlink", "rmdir", "open", "write", "flock", "close"}
days = Days(Home(Path(sys.argv[1])), Path())

def compact_until(step):
    left = step
    def count(frame, event, function):
        nonlocal left
        if event == "c_call" and function.__name__ in STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    report = days.compact(later=float(sys.argv[2]))
    os._exit(1 if report.errors else 0)

step, status = int(sys.argv[3]), -1
while status != 0:
    step += 1
    child = os.fork()
    if child == 0:
        compact_until(step)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
print(step)
"""


def killed_everywhere(days: Days, *, later: float, step: int = 0) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED_EVERYWHERE, str(days.home.root), str(later), str(step)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_killed_at_every_step_nobody_misses_a_row_or_sees_one_twice(days: Days) -> None:
    for number in range(4):
        days.land(number, day=number // 2)
    rows, rejects = rows_of(days.home), rows_of(days.home, rejects=True)
    with watching(lambda: [rows_of(days.home, rejects=each) for each in (False, True)]) as looks:
        steps = killed_everywhere(days, later=0)
    assert steps > 40
    seen = [found for look in looks for found in look]
    assert len(seen) > 2
    assert all(found in (rows, rejects) for found in seen)
    assert rows_of(days.home) == rows

    # The grace period is over: nobody has the old list any more.
    steps = killed_everywhere(days, later=1000)
    assert steps > 20
    assert rows_of(days.home) == rows
    assert rows_of(days.home, rejects=True) == rejects
    assert len(days.files()) == len(days.files("raw/rejects")) == 2
    assert days.ledger_files() == ["compacted-1.json"] * 2, "nothing temporary is left"
    assert not list(days.home.landing.iterdir())


def test_a_loader_sweeps_what_a_dead_compaction_left(days: Days) -> None:
    for number in range(3):
        days.land(number)
    before = days.files()
    ledger = Ledger(days.home)
    ledger.refresh()
    workspace = Workspace(days.home, WORKSPACE)
    assert workspace.acquire(wait=False)
    dying = Compactor(days.home, _Dying(days), workspace)
    with pytest.raises(KeyboardInterrupt):
        dying.compact(FIRST_DAY.date())
    assert len(days.files()) == len(before) + 1
    os.close(workspace._descriptor)  # as if its process were gone
    assert sweep(days.home, ledger) == 1
    assert days.files() == before


class _Dying(Ledger):
    """A ledger whose commit never comes."""

    def __init__(self, days: Days) -> None:
        super().__init__(days.home)

    def fold(self, day: date, entries: Sequence[Entry]) -> bool:
        del day, entries
        raise KeyboardInterrupt


def test_batches_that_land_meanwhile_are_neither_lost_nor_doubled(days: Days) -> None:
    stop = threading.Event()
    landed: list[int] = []
    errors: list[BaseException] = []

    def land() -> None:
        try:
            while not stop.is_set():
                number = len(landed)
                days.land(number, day=number % 3)
                landed.append(number)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    for number in range(6):
        days.land(number, day=number % 3)
        landed.append(number)
    loader = threading.Thread(target=land)
    loader.start()
    reports = [days.compact() for _ in range(6)]
    stop.set()
    loader.join()
    assert errors == []
    assert sum(len(report.days) for report in reports) > 3
    assert all(report.errors == () for report in reports)
    found = Counter(str(row[0]) for row in rows_of(days.home).elements())
    assert found == Counter(f"e{number}-{n}" for number in landed for n in range(3))
    days.compact()
    days.compact(later=1000)
    assert len(days.files()) == 3
    assert Counter(str(row[0]) for row in rows_of(days.home).elements()) == found


def batch(start: int, end: int) -> MicroBatch:
    offsets = list(range(start, end))
    values: list[bytes | None] = [b'{"event_id":"e%d"}' % n for n in offsets]
    return MicroBatch(
        TOPIC, LOG, start, Messages(offsets, values, [None] * len(offsets), [-1] * len(offsets))
    )


def landed_by(lander: Lander, *batches: MicroBatch) -> list[Entry | None]:
    lander.put(batches)
    return [landing.entry for landing in lander.collect()]


def test_a_loader_of_topics_goes_on_where_the_folded_ledger_ends(days: Days) -> None:
    pseudonymiser = Pseudonymiser(bytes(32))
    now = [0.0]
    sleeper = Chains(days.home, clock=lambda: now[0])
    chains = Chains(days.home)
    for known in (chains, sleeper):
        known.refresh()
    lander = Lander(days.home, chains, pseudonymiser)
    landed_by(lander, batch(0, 10), batch(10, 15), batch(15, 40))
    days.compact(before=TODAY.replace(year=9999))
    after_grace = days.compact(before=TODAY.replace(year=9999), later=1000)
    assert after_grace.removal.removed == 6
    assert len(days.files()) == 1

    # A loader that was stopped meanwhile has the names free before it, but knows better.
    now[0] = 1000.0
    late = Lander(days.home, sleeper, pseudonymiser)
    assert landed_by(late, batch(0, 12)) == [None]
    late.close()
    # One that ran on, and one that starts anew, both go on after the last offset.
    assert landed_by(lander, batch(10, 20)) == [None]
    fresh = Chains(days.home)
    fresh.refresh()
    assert fresh.end(LOG) == 40
    (entry,) = landed_by(lander, batch(40, 45))
    assert entry is not None
    lander.close()
    offsets = Counter(row[-2] for row in rows_of(days.home).elements())
    assert offsets == Counter(range(45))


def test_an_entry_that_comes_back_under_a_folded_name_counts_for_nothing(days: Days) -> None:
    for number in range(3):
        days.land(number)
    ledger = Ledger(days.home)
    ledger.refresh()
    old = ledger.entries()[1]
    before = rows_of(days.home)
    days.compact()
    days.compact(later=1000)

    zombie = replace(old, landed_count=99, files=())
    assert Ledger(days.home).commit(zombie), "the name is free"
    assert rows_of(days.home) == before
    again = Ledger(days.home)
    again.refresh()
    found = again.find(old.batch_id)
    assert found is not None
    assert (found.landed_count, found.revision) == (3, 1)
    days.compact(later=1000)
    assert days.ledger_files() == ["compacted-1.json"]


def test_a_ledger_that_was_read_before_knows_the_new_files(days: Days) -> None:
    for number in range(3):
        days.land(number)
    ledger = Ledger(days.home)
    ledger.refresh()
    days.compact()
    days.compact(later=1000)
    ledger.refresh()
    assert len({file.path for entry in ledger.entries() for file in entry.files}) == 1
