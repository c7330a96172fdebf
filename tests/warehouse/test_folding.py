"""Marts do not know which files of the ledger name a batch: folding changes nothing in them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ingest.compaction.folding import Folder
from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.conftest import MakeWorkshop
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Project, Workshop
from watchhouse.building import Builder
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.live import Live
from watchhouse.locks import builder_lock, release
from watchhouse.progress import PlainProgress

_ENTRIES: Final = """
    select parse_filename(ledger_path), * exclude (ledger_path, source_uri)
    from intermediate.int_ledger_entries
    order by all
"""
_BATCHES: Final = "select batch_id, raw_paths, landed_at from intermediate.int_batches order by all"
_FOLDED_ENDLESSLY: Final = """
import sys, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ingest.compaction.folding import Folder
from watchhouse.errors import LockTimeoutError
from watchhouse.layout import Home
from watchhouse.ledger import Ledger

home, folded, removed = Home(Path(sys.argv[1])), 0, 0
told = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), told.set())).start()
ledger = Ledger(home)
folder = Folder(home, ledger, few=3, large=9)
while not told.wait(0.05):
    ledger.refresh()
    now = datetime.now(UTC)
    folded += folder.fold(now=now).entries
    try:
        # As if the grace period were over: the lock alone keeps what a build reads.
        removed += folder.remove(now=now + timedelta(seconds=1000), lock_timeout=0)
    except LockTimeoutError:
        pass
print(folded, removed)
"""


def fold(home: Home, *, seconds: float = 0.0) -> int:
    """Fold as if it were later; return how many originals went."""
    ledger = Ledger(home)
    ledger.refresh()
    folder = Folder(home, ledger, few=2, large=4)
    now = datetime.now(UTC) + timedelta(seconds=seconds)
    folder.fold(now=now)
    return folder.remove(now=now, lock_timeout=0)


def events(lake: Lake, number: int) -> None:
    """Land events of five users, one in three of which came before, and one without a date."""
    lake.events(
        f"file-{number}",
        play(f"user-{number % 5}", "Dune", f"2026-10-{1 + number % 9:02}T08:00:00Z", 60),
        play("ann", "Alien", "2026-10-03T20:00:00Z", 5 + number, event_id=f"same-{number // 3}"),
        play("bob", "Alien", "no date", 5, event_id=f"bad-{number}"),
    )


def builder_of(workshop: Workshop) -> Builder:
    """Build and publish all there is; return who builds from now on."""
    workshop.build()
    workshop.publish()
    # dbt keeps it until its process ends, where nobody else has it.
    release(workshop.home.builder_lock)
    return Builder(workshop.home, PlainProgress(), parsed=workshop.project.manifest)


def refreshed(make_workshop: MakeWorkshop, lake: Lake) -> Workshop:
    """Return another home with the same lake, all of which was built at once."""
    workshop = make_workshop({})
    lake.copy_to(workshop.home)
    workshop.build()
    return workshop


def test_folding_before_and_after_any_build_leaves_everything_as_it_is(
    project: Project, make_workshop: MakeWorkshop, workshop: Workshop, lake: Lake
) -> None:
    recorded: list[bool] = []

    def core() -> None:
        report = builder.build(full_refresh=False, lock_timeout=0, selection="core")
        recorded.append(report.is_recorded)
        workshop.publish()

    for number in range(3):
        events(lake, number)
    builder = builder_of(workshop)
    events(lake, 3)
    core()
    for number in range(4, 6):
        events(lake, number)
    live = Live(workshop.home)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    tail = live.read(now=now)
    assert tail.batch_count == 2

    # What is published and what is not come into one file, and stand in another besides.
    fold(workshop.home)
    assert live.read(now=now) == tail
    events(lake, 6)
    core()
    entries, batches = workshop.built().ask(_ENTRIES), workshop.built().ask(_BATCHES)
    assert (len(entries), len(batches)) == (13, 7)
    # What is run again is of the home that dbt opened last: the other one is built afterwards.
    copy = make_workshop({})
    lake.copy_to(copy.home)

    # The originals go, and what was folded is folded with what came since.
    assert fold(workshop.home, seconds=1000) == 6
    events(lake, 7)
    fold(workshop.home)
    fold(workshop.home, seconds=1000)
    events(lake, 8)
    core()
    assert recorded == [False, True, True], "nothing of it is left to dbt"
    live.close()
    copy.build()
    assert (entries, batches) == (copy.built().ask(_ENTRIES), copy.built().ask(_BATCHES))
    copy = refreshed(make_workshop, lake)
    assert workshop.built().ask(_ENTRIES) == copy.built().ask(_ENTRIES)
    assert workshop.built().ask(_BATCHES) == copy.built().ask(_BATCHES)
    workshop.build()
    assert_equal_marts(workshop.built(), copy.built(), project.keys)


def test_a_folded_file_is_read_once(workshop: Workshop, lake: Lake) -> None:
    for number in range(4):
        events(lake, number)
    workshop.run()
    workshop.publish(strictly=False)
    fold(workshop.home)
    (folded,) = workshop.home.ledger.rglob("folded-*.json")
    workshop.run()
    workshop.publish(strictly=False)
    folded.chmod(0o644)
    folded.write_text(folded.read_text().replace(".csv", " edited.csv"))
    events(lake, 4)
    workshop.run()
    edited = "select count(*) from intermediate.int_batches where source_uri like '% edited%'"
    assert workshop.built().ask(edited) == [(0,)]
    assert len(workshop.built().ask(_BATCHES)) == 5
    assert len(workshop.built().ask(_ENTRIES)) == 9


@contextmanager
def folding(home: Home) -> Iterator[list[int]]:
    """Have another process fold, and remove originals at once; yield how many it saw to."""
    work = subprocess.Popen(
        [sys.executable, "-c", _FOLDED_ENDLESSLY, str(home.root)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    counts: list[int] = []
    try:
        yield counts
    finally:
        out, _ = work.communicate(timeout=60)
    assert work.returncode == 0
    counts.extend(map(int, out.split()))


def test_folding_beside_a_loader_and_a_builder(
    project: Project, make_workshop: MakeWorkshop, workshop: Workshop, lake: Lake
) -> None:
    events(lake, 0)
    builder = builder_of(workshop)
    stop = threading.Event()
    landed = [0]
    errors: list[BaseException] = []

    def land() -> None:
        try:
            while not stop.is_set():
                events(lake, len(landed))
                landed.append(len(landed))
                stop.wait(0.1)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    loader = threading.Thread(target=land)
    loader.start()
    try:
        with folding(workshop.home) as counts:
            for _ in range(6):
                # `ask` too opens what is built, and finds each batch once.
                builder.build(full_refresh=False, lock_timeout=10, selection="core")
                ids = [batch_id for batch_id, *_ in workshop.built().ask(_BATCHES)]
                assert len(ids) == len(set(ids)) > 0
                with builder_lock(workshop.home.builder_lock, timeout=10):
                    workshop.publish()
    finally:
        stop.set()
        loader.join()
    assert errors == []
    folded, removed = counts
    assert folded > 10
    assert removed > 10
    workshop.build()
    copy = refreshed(make_workshop, lake)
    assert len(workshop.built().ask(_BATCHES)) == len(landed)
    assert workshop.built().ask(_BATCHES) == copy.built().ask(_BATCHES)
    assert workshop.built().ask(_ENTRIES) == copy.built().ask(_ENTRIES)
    assert_equal_marts(workshop.built(), copy.built(), project.keys)
