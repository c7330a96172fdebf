"""A lake of many small batches on closed days, and what a reader finds in it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest

from ingest.columns import STREAMS
from ingest.compaction.command import Report, compact
from ingest.loading import Loader
from ingest.mappings import Mapping
from watchhouse.layout import Home
from watchhouse.ledger import Ledger
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.settings import Settings

FIRST_DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 10)

Rows = Counter[tuple[object, ...]]
T = TypeVar("T")


@contextmanager
def watching(look: Callable[[], T]) -> Iterator[list[T]]:
    """Look again and again beside the block, as others do, and yield what was seen."""
    done = threading.Event()
    seen: list[T] = []
    errors: list[BaseException] = []

    def watch() -> None:
        try:
            while not done.is_set():
                seen.append(look())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield seen
    done.set()
    watcher.join()
    assert errors == []


def rows_of(home: Home, stream: str = "watch_events", *, rejects: bool = False) -> Rows:
    """Return what a reader of the ledger finds: each file once, rows of the batches it names."""
    ledger = Ledger(home)
    ledger.refresh()
    entries = [entry for entry in ledger.entries() if entry.stream == stream]
    files = [f.path for e in entries for f in (e.reject_files if rejects else e.files)]
    if not files:
        return Counter()
    paths = [str(home.root / path) for path in dict.fromkeys(files)]
    found = duckdb.execute(
        "select * from read_parquet(?, hive_partitioning = false) where list_contains(?, batch_id)",
        [paths, [entry.batch_id for entry in entries]],
    ).fetchall()
    return Counter(found)


@dataclass(frozen=True)
class Days:
    """A home whose batches landed on days of March 2026; today is the tenth."""

    home: Home
    inbox: Path

    def land(
        self, number: int, *, day: int = 0, rows: int = 3, mapping: Mapping | None = None
    ) -> str:
        """Land a file of events, the last line of which is torn; return the batch."""
        path = self.inbox / f"{number}.csv"
        path.parent.mkdir(exist_ok=True)
        lines = [f"e{number}-{n},u{n % 5},Show {n % 3},2026-03-01,{n % 90}" for n in range(rows)]
        header = "event_id,user_id,show_name,watch_date,watch_duration_minutes"
        path.write_text("\n".join([header, *lines, f"torn-{number}"]) + "\n")
        return self.load(path, "watch_events", day=day, second=number, mapping=mapping)

    def load(
        self, path: Path, stream: str, *, day: int, second: int, mapping: Mapping | None = None
    ) -> str:
        """Land a file at a time of a day; return the batch."""
        loader = Loader(
            home=self.home,
            stream=STREAMS[stream],
            mapping=mapping or Mapping(),
            pseudonymiser=Pseudonymiser(bytes(32)),
        )
        now = FIRST_DAY + timedelta(days=day, seconds=second)
        outcome = loader.load(path, now=now)
        assert outcome.error is None, outcome.error
        assert outcome.batch_id is not None
        return outcome.batch_id

    def compact(self, *, before: date = TODAY, later: float = 0.0) -> Report:
        """Compact as the command does it, `later` by so many seconds."""
        settings = Settings(home=self.home.root, lock_timeout=0)
        now = datetime.now(UTC) + timedelta(seconds=later)
        return compact(settings, before=before, now=now)

    def files(self, folder: str = "raw/watch_events") -> list[Path]:
        """Return the Parquet files that are there, named by the ledger or not."""
        return sorted((self.home.root / folder).rglob("*.parquet"))

    def ledger_files(self) -> list[str]:
        """Return the names of files in the ledger."""
        return sorted(path.name for path in self.home.ledger.rglob("*") if path.is_file())


@pytest.fixture
def days(tmp_path: Path) -> Days:
    return Days(Home(tmp_path / "home"), tmp_path / "in")


@pytest.fixture
def filled(days: Days) -> Days:
    """Return a lake with ten batches on one day and five on the next."""
    for number in range(15):
        days.land(number, day=number // 10)
    return days


@pytest.fixture
def reading() -> Callable[[Home], Rows]:
    return rows_of
