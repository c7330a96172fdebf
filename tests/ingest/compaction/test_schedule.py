"""Compaction beside other work: begun when there is time, in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import takewhile
from threading import Timer

import pytest

from ingest.compaction.schedule import Schedule
from tests.ingest.compaction.conftest import Days, Rows
from watchhouse.layout import Home
from watchhouse.locks import builder_lock

DEADLINE = 60.0
COMPACTED = "2026-03-02: 10 batches with 30 rows: 20 files are now 2"


def until_compacted(days: Days, look: Callable[[], None]) -> None:
    deadline = time.monotonic() + DEADLINE
    while "compacted-1.json" not in days.ledger_files():
        assert time.monotonic() < deadline
        look()
        time.sleep(0.02)


@pytest.mark.parametrize(("now", "is_idle"), [(0.0, True), (100.0, False)])
def test_closed_days_are_compacted_when_idle_or_overdue(
    filled: Days,
    monkeypatch: pytest.MonkeyPatch,
    reading: Callable[[Home], Rows],
    now: float,
    *,
    is_idle: bool,
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    before = reading(filled.home)
    schedule = Schedule(every=100, now=0.0)
    if not is_idle:
        schedule.look(99.0, is_idle=False)
        assert schedule.work is None
    until_compacted(filled, lambda: schedule.look(now, is_idle=is_idle))
    schedule.stop()
    assert reading(filled.home) == before


def test_never_is_possible(filled: Days) -> None:
    schedule = Schedule(every=0, now=0.0)
    schedule.look(1e9, is_idle=True)
    assert schedule.work is None
    assert "compacted-1.json" not in filled.ledger_files()


def test_whoever_stops_does_not_wait(filled: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    schedule = Schedule(every=100, now=0.0)
    schedule.look(0.0, is_idle=True)
    work = schedule.work
    schedule.stop()
    assert work is not None
    assert work.returncode is not None


def test_run_compacts_also_while_it_cannot_build(
    filled: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(filled.home.root))
    monkeypatch.setenv("WATCHHOUSE_PSEUDONYM_KEY", "00" * 32)
    monkeypatch.setenv("WATCHHOUSE_LOCK_TIMEOUT", "0")
    command = [sys.executable, "-m", "watchhouse", "run", "--compact-every", "0.5"]
    with builder_lock(filled.home.builder_lock, timeout=0):
        running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        too_long = Timer(DEADLINE, running.kill)
        too_long.start()
        assert running.stderr is not None
        # The ledger has the day before the compaction says so, and who stops does not wait for it.
        said = "".join(takewhile(lambda line: COMPACTED not in line, running.stderr))
        running.terminate()
        _, rest = running.communicate(timeout=DEADLINE)
        too_long.cancel()
    assert running.returncode == 0, said + rest
    assert "compacted-1.json" in filled.ledger_files()
    assert "Traceback" not in said + rest
