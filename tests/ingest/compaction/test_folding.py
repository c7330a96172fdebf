"""The ledger of an open day becomes few files, and everybody finds each entry once meanwhile."""

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingest.compaction.days import WORKSPACE, Compactor
from ingest.compaction.folding import FEW, Folded, Folder, Folding
from ingest.streaming.chains import Chains, Log
from ingest.workspace import Workspace
from tests.ingest.compaction.conftest import Days, Rows, rows_of, watching
from watchhouse.cli import main
from watchhouse.commands.files import current_files
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.locks import builder_lock, file_lock

REPOSITORY = Path(__file__).parents[3]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LOG = Log("c", "events", "g1", 0)
DEADLINE = 60.0

# Each fold and removal in a forked child that is killed one step later than the one before.
_KILLED_EVERYWHERE = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ingest.compaction.folding import Folder
from watchhouse.layout import Home
from watchhouse.ledger import Ledger

STEPS = {"rename", "link", "mkdir", "fsync", "unlink", "rmdir", "open", "write", "flock", "close"}
home = Home(Path(sys.argv[1]))
now = datetime.now(UTC) + timedelta(seconds=float(sys.argv[2]))

def fold_until(step):
    ledger = Ledger(home)
    ledger.refresh()
    left = step
    def count(frame, event, function):
        nonlocal left
        if event == "c_call" and function.__name__ in STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    folder = Folder(home, ledger, few=3, large=6)
    folder.fold(now=now)
    folder.remove(now=now, lock_timeout=0)
    os._exit(0)

step, status = 0, -1
while status != 0:
    step += 1
    child = os.fork()
    if child == 0:
        fold_until(step)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
print(step)
"""


def known(home: Home) -> Ledger:
    ledger = Ledger(home)
    ledger.refresh()
    return ledger


def folder_of(home: Home) -> Folder:
    return Folder(home, known(home), few=3, large=6)


def later(seconds: float = 0.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def by_sql(home: Home) -> list[tuple[object, ...]]:
    """Return what an engine that knows the rule of revisions finds in the ledger."""
    with duckdb.connect() as connection:
        return connection.execute(_BY_SQL, [f"{home.ledger}/**/*.json"]).fetchall()


_BY_SQL = """
    select batch_id, read_count, list_transform(files, lambda file: file.path)
    from read_json(?, format = 'newline_delimited', columns = {
        batch_id: 'varchar', read_count: 'bigint', revision: 'bigint',
        files: 'struct(path varchar)[]'
    })
    qualify row_number() over (
        partition by batch_id order by coalesce(revision, 0) desc
    ) = 1
    order by batch_id
"""


def by_python(ledger: Ledger) -> list[tuple[object, ...]]:
    return sorted((e.batch_id, e.read_count, [f.path for f in e.files]) for e in ledger.entries())


def as_landed(entries: Sequence[Entry]) -> list[Entry]:
    return [replace(entry, revision=0) for entry in entries]


@contextmanager
def watching_for(look: Callable[[], object], known: object) -> Iterator[None]:
    """Look again and again, as others do; whatever is seen is what is `known`."""
    with watching(look) as seen:
        yield
    assert seen
    assert [found for found in seen if found != known] == []


def entry(number: int, *, landed_at: datetime = NOON) -> Entry:
    """Return a batch of ten messages of a topic; none of them was a row."""
    return Entry(
        batch_id=LOG.batch_id(10 * number),
        stream="watch_events",
        source="default",
        source_kind="kafka",
        source_uri=LOG.uri,
        landed_at=landed_at + timedelta(seconds=number / 8),
        content_hash=LOG.batch_id(10 * number),
        mapping={},
        read_count=0,
        rejected_count=0,
        landed_count=0,
        kafka={**vars(LOG), "start_offset": 10 * number, "end_offset": 10 * number + 10},
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_files_stay_few_whatever_lands_and_no_entry_changes(home: Home) -> None:
    ledger, reader = Ledger(home), Ledger(home)
    folder = Folder(home, ledger, few=5, large=20)
    counts = []
    for number in range(200):
        ledger.commit(entry(number))
        folder.fold(now=later())
        folder.remove(now=later(1000), lock_timeout=0)
        reader.refresh()
        counts.append(len(list(home.ledger.rglob("*.json"))))
        assert len(reader) == number + 1
    # Ten of twenty entries, three of five, and four that wait for a fifth.
    assert max(counts) <= 10 + 3 + 4
    assert folder.fold(now=later()) == Folded(20, 4, 1)
    folder.remove(now=later(1000), lock_timeout=0)
    assert len(list(home.ledger.rglob("*.json"))) == 10
    reader.refresh()
    for found in (reader, known(home)):
        assert as_landed(found.entries()) == [entry(number) for number in range(200)]
        assert {e.revision for e in found.entries()} == {2}, "each was written anew twice"
    assert len(by_sql(home)) == 200


def test_a_backlog_is_folded_bit_by_bit(home: Home) -> None:
    ledger = Ledger(home)
    for number in range(50):
        ledger.commit(entry(number))
    folder = Folder(home, ledger, few=5, large=10)
    done = [folder.fold(now=later(), at_most=20) for _ in range(4)]
    assert done == [Folded(20, 20, 2), Folded(20, 20, 2), Folded(10, 10, 1), Folded()]
    removed = [folder.remove(now=later(1000), lock_timeout=0, at_most=30) for _ in range(3)]
    assert removed == [30, 20, 0]
    assert as_landed(known(home).entries()) == [entry(number) for number in range(50)]


def test_what_has_just_landed_is_not_folded(home: Home) -> None:
    now = later()
    ledger = Ledger(home)
    for number in range(5):
        ledger.commit(entry(number, landed_at=now))
    folder = Folder(home, ledger, few=3, large=6)
    assert folder.fold(now=now + timedelta(seconds=60)) == Folded()
    assert folder.fold(now=now + timedelta(seconds=130)).entries == 5


def test_originals_stay_for_the_grace_period_and_while_a_builder_works(home: Home) -> None:
    ledger = Ledger(home)
    for number in range(5):
        ledger.commit(entry(number))
    folder = Folder(home, ledger, few=3, large=6)
    assert folder.fold(now=later()) == Folded(5, 5, 1)
    assert folder.remove(now=later(60), lock_timeout=0) == 0
    held = (
        "import sys; from pathlib import Path; from watchhouse.locks import acquire\n"
        "acquire(Path(sys.argv[1]), timeout=0); print(flush=True); sys.stdin.read()"
    )
    builder = subprocess.Popen(
        [sys.executable, "-c", held, str(home.builder_lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert builder.stdout is not None
    builder.stdout.readline()
    folding = Folding(folder, every=30, now=0)
    folding.look(0, wall=later(1000))
    assert len(list(home.ledger.rglob("*.json"))) == 6
    builder.communicate()
    folding.look(10, wall=later(1000))
    assert len(list(home.ledger.rglob("*.json"))) == 6, "it is not time yet"
    # A builder of this very process holds the lock between two builds.
    with builder_lock(home.builder_lock, timeout=0):
        folding.look(30, wall=later(1000))
    assert len(list(home.ledger.rglob("*.json"))) == 1
    assert as_landed(known(home).entries()) == [entry(number) for number in range(5)]


def test_killed_at_every_step_each_entry_is_found_once(days: Days) -> None:
    for number in range(7):
        days.land(number)
    rows, entries = rows_of(days.home), by_sql(days.home)
    ledger = known(days.home)

    def by_a_reader_that_stays() -> object:
        ledger.refresh()
        return by_python(ledger)

    def killed_everywhere(seconds: float) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _KILLED_EVERYWHERE, str(days.home.root), str(seconds)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    with (
        watching_for(lambda: rows_of(days.home), rows),
        watching_for(by_a_reader_that_stays, entries),
        watching_for(lambda: by_python(known(days.home)), entries),
        watching_for(lambda: by_sql(days.home), entries),
    ):
        assert killed_everywhere(0) > 5
    assert len([name for name in days.ledger_files() if not name.startswith(".")]) == 8
    # Nobody has the old list any more; but whoever looks, Python's readers look again.
    with (
        watching_for(by_a_reader_that_stays, entries),
        watching_for(lambda: by_python(known(days.home)), entries),
    ):
        assert killed_everywhere(1000) > 7
    (name,) = (name for name in days.ledger_files() if not name.startswith("."))
    assert name.startswith("folded-")
    assert by_sql(days.home) == entries
    paths = [file.path for file in current_files(days.home, "watch_events")]
    assert duckdb.execute("select count(*) from read_parquet(?)", [paths]).fetchall() == [(21,)]

    # What the dead have left under names that nobody reads goes with the next that writes here.
    days.compact()
    days.compact(later=1000)
    assert days.ledger_files() == ["compacted-2.json"]
    assert rows_of(days.home) == rows


def test_batches_that_land_meanwhile_are_neither_lost_nor_doubled(home: Home) -> None:
    chains = Chains(home)
    stop = threading.Event()
    landed = itertools.count()
    errors: list[BaseException] = []

    def land() -> None:
        try:
            while not stop.is_set():
                number = next(landed)
                assert chains.commit(LOG, entry(number))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    loader = threading.Thread(target=land)
    loader.start()
    folder, other = folder_of(home), folder_of(home)
    folded = 0
    while folded < 60 and not errors:
        for one in (folder, other):
            folded += one.fold(now=later()).entries
            one.remove(now=later(1000), lock_timeout=0)
    stop.set()
    loader.join()
    assert errors == []
    count = next(landed)
    assert as_landed(known(home).entries()) == [entry(number) for number in range(count)]
    assert len(by_sql(home)) == count
    assert Ledger.commit(known(home), entry(count))
    assert chains.end(LOG) == 10 * count


class _Overtaken(Ledger):
    """A view of the ledger of which another process folds all, as soon as it has been read."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.folded: Folded | None = None
        self._at = home

    def refresh(self) -> None:
        super().refresh()
        if self.folded is None:
            self.folded = folder_of(self._at).fold(now=later())


def test_two_that_fold_at_once_know_of_each_other(home: Home) -> None:
    ledger = Ledger(home)
    for number in range(4):
        ledger.commit(entry(number))
    one = folder_of(home)
    with file_lock(home.ledger_lock, wait=False):
        assert one.fold(now=later()) == Folded()
    overtaken = _Overtaken(home)
    other = Folder(home, overtaken, few=3, large=6)
    assert other.fold(now=later()) == Folded()
    assert overtaken.folded == Folded(4, 4, 1)
    assert one.fold(now=later()) == Folded()
    assert other.remove(now=later(1000), lock_timeout=0) == 4
    assert one.remove(now=later(1000), lock_timeout=0) == 4, "which were gone already"
    assert as_landed(known(home).entries()) == [entry(number) for number in range(4)]


def test_a_compaction_at_work_counts_though_its_day_was_folded_meanwhile(days: Days) -> None:
    for number in range(6):
        days.land(number)
    before = rows_of(days.home)
    ledger = known(days.home)
    workspace = Workspace(days.home, WORKSPACE)
    assert workspace.acquire(wait=False)
    folded: list[Folded] = []

    def fold(_: int) -> None:
        folded.append(folder_of(days.home).fold(now=later()))

    compacted = Compactor(days.home, ledger, workspace).compact(NOON.date(), started=fold)
    workspace.release(ledger)
    assert folded == [Folded(6, 6, 1)]
    assert compacted is not None
    assert {e.revision for e in known(days.home).entries()} == {2}
    assert rows_of(days.home) == before
    assert all("compacted" in f.path for e in known(days.home).entries() for f in e.files)
    # Neither what was compacted nor what was folded of it is lost sight of.
    assert folder_of(days.home).remove(now=later(1000), lock_timeout=0) == 0
    days.compact(later=1000)
    assert days.ledger_files() == ["compacted-2.json"]
    assert len(days.files()) == len(days.files("raw/rejects")) == 1
    assert rows_of(days.home) == before


def test_a_closed_day_is_compacted_as_ever_after_its_ledger_was_folded(days: Days) -> None:
    for number in range(7):
        days.land(number)
    before: Rows = rows_of(days.home)
    folder_of(days.home).fold(now=later())
    folder_of(days.home).remove(now=later(1000), lock_timeout=0)
    days.land(8)
    (day,) = days.compact().days
    assert (day.batch_count, day.ledger_files_before, day.files_after) == (8, 2, 2)
    days.compact(later=1000)
    assert days.ledger_files() == ["compacted-2.json"]
    assert sum(rows_of(days.home).values()) == sum(before.values()) + 3


def test_an_entry_that_comes_back_is_not_folded(home: Home) -> None:
    ledger = Ledger(home)
    for number in range(4):
        ledger.commit(entry(number))
    folder_of(home).fold(now=later())
    folder_of(home).remove(now=later(1000), lock_timeout=0)
    zombie = replace(entry(1), landed_count=99, landed_at=NOON - timedelta(hours=1))
    assert Ledger(home).commit(zombie), "the name is free"
    for number in range(4, 9):
        ledger.commit(entry(number))
    folder_of(home).fold(now=later())
    folder_of(home).remove(now=later(1000), lock_timeout=0)
    assert as_landed(known(home).entries()) == [entry(number) for number in range(9)]
    assert not list(home.ledger.rglob(f"{zombie.batch_id}.json"))


def test_of_a_file_that_counts_in_part_only_that_part_is_folded(home: Home) -> None:
    ledger = Ledger(home)
    for number in range(4):
        ledger.commit(entry(number))
    folder_of(home).fold(now=later())
    folder_of(home).remove(now=later(1000), lock_timeout=0)
    # Restored from a copy of somewhere else: one of its entries is known, with a higher revision.
    (folded,) = home.ledger.rglob("*.json")
    old = replace(entry(1), landed_count=99, landed_at=NOON - timedelta(minutes=1))
    folded.with_name("restored.json").write_bytes(old.line() + entry(4).line())
    for number in range(5, 8):
        ledger.commit(entry(number))
    folder_of(home).fold(now=later())
    folder_of(home).fold(now=later())
    folder_of(home).remove(now=later(1000), lock_timeout=0)
    assert as_landed(known(home).entries()) == [entry(number) for number in range(8)]


def test_a_loader_of_topics_goes_on_where_the_folded_ledger_ends(home: Home) -> None:
    now = [0.0]
    sleeper = Chains(home, clock=lambda: now[0])
    sleeper.refresh()
    ledger = Ledger(home)
    for number in range(6):
        ledger.commit(entry(number))
    folder_of(home).fold(now=later())
    folder_of(home).remove(now=later(1000), lock_timeout=0)
    now[0] = 121.0
    assert not sleeper.commit(LOG, replace(entry(0), read_count=7))
    fresh = Chains(home)
    fresh.refresh()
    assert fresh.end(LOG) == sleeper.end(LOG) == 60
    assert sleeper.commit(LOG, entry(6))


def test_who_runs_for_days_forgets_the_originals(home: Home) -> None:
    reader, ledger = Ledger(home), Ledger(home)
    folder = Folder(home, ledger, few=3, large=6)
    for number in range(6):
        ledger.commit(entry(number))
        reader.refresh()
        folder.fold(now=later())
        folder.remove(now=later(1000), lock_timeout=0)
    folder.fold(now=later())
    folder.remove(now=later(1000), lock_timeout=0)
    reader.refresh()
    (file,) = home.ledger.rglob("*.json")
    assert dict(reader.counting(below=100)) == {file: tuple(reader.entries())}
    assert reader.outdated() == {}


def test_run_folds_also_while_it_cannot_build(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    monkeypatch.setenv("WATCHHOUSE_PSEUDONYM_KEY", "00" * 32)
    monkeypatch.setenv("WATCHHOUSE_LOCK_TIMEOUT", "0")
    folder = home.ledger / "ingest_date=2999-01-01"
    folder.mkdir(parents=True)
    for number in range(FEW):
        (folder / f"{entry(number).batch_id}.json").write_bytes(entry(number).line())
    command = [sys.executable, "-m", "watchhouse", "run", "--compact-every", "0.5"]
    with builder_lock(home.builder_lock, timeout=0):
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        too_long = threading.Timer(DEADLINE, running.kill)
        too_long.start()
        while not list(folder.glob("folded-*")) and running.poll() is None:
            time.sleep(0.02)
        running.terminate()
        _, said = running.communicate(timeout=DEADLINE)
        too_long.cancel()
    assert running.returncode == 0, said
    assert "Traceback" not in said
    (folded,) = folder.glob("folded-*")
    lines = [json.loads(line) for line in folded.read_text().splitlines()]
    assert len(lines) == FEW
    assert as_landed(known(home).entries()) == [entry(number) for number in range(FEW)]


def test_the_command_folds_what_is_open(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    today = datetime.now(UTC) - timedelta(minutes=10)
    folder = home.ledger / f"ingest_date={today.date().isoformat()}"
    folder.mkdir(parents=True)
    for number in range(FEW):
        own = entry(number, landed_at=today - timedelta(seconds=FEW / 8))
        (folder / f"{own.batch_id}.json").write_bytes(own.line())
    assert main(["compact", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folded_ledger_files"] == FEW
    assert len(list(folder.glob("folded-*"))) == 1
