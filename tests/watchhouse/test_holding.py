"""A builder without end keeps the lock and the database, but never from somebody who waits."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from watchhouse import holding
from watchhouse.holding import Hold
from watchhouse.layout import Home
from watchhouse.locks import current_holder, is_held, is_wanted
from watchhouse.state import build_database

_WAIT = """
import sys
from pathlib import Path
from watchhouse.locks import builder_lock
with builder_lock(Path(sys.argv[1]), timeout=30):
    print("held", flush=True)
    sys.stdin.read()
"""
_LONG = "create or replace table numbers as select i from range(100000) as r (i)"

Wait = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def built(home: Home) -> Home:
    home.build.mkdir(parents=True)
    duckdb.connect(str(home.build_database)).close()
    return home


@pytest.fixture
def hold(built: Home) -> Iterator[Hold]:
    hold = Hold(built, lock_timeout=30)
    yield hold
    hold.let_go()


@pytest.fixture
def wait(built: Home, python: tuple[list[str], dict[str, str]]) -> Iterator[Wait]:
    """Start a process that waits for the lock and holds it until its standard input closes."""
    command, environment = python
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*command, "-c", _WAIT, str(built.builder_lock)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stderr is not None
        assert "waiting" in process.stderr.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def log(home: Home) -> Path:
    return home.build_database.with_name(f"{home.build_database.name}.wal")


def test_what_is_kept_is_open_and_nobody_elses(built: Home, hold: Hold) -> None:
    with hold.taken(keep=True), build_database(built) as connection:
        connection.execute(_LONG)

    assert is_held(built.builder_lock)
    assert log(built).exists()

    hold.let_go()
    assert current_holder(built.builder_lock) is None
    assert not log(built).exists()
    with build_database(built, read_only=True) as connection:
        assert connection.execute("select count(*) from numbers").fetchall() == [(100_000,)]


def test_without_keep_nothing_is_kept(built: Home, hold: Hold) -> None:
    with hold.taken(keep=False), build_database(built) as connection:
        connection.execute(_LONG)

    assert not is_held(built.builder_lock)
    assert not log(built).exists()


def test_who_waits_comes_next(built: Home, hold: Hold, wait: Wait) -> None:
    with hold.taken(keep=True):
        pass
    hold.give_way()
    assert is_held(built.builder_lock)
    assert not is_wanted(built.builder_lock)
    other = wait()
    while not is_wanted(built.builder_lock):
        pass

    hold.give_way()

    holder = current_holder(built.builder_lock)
    assert holder is not None
    assert holder.pid == other.pid
    assert not is_wanted(built.builder_lock)
    assert other.stdin is not None
    other.stdin.close()
    with hold.taken(keep=True):
        assert is_held(built.builder_lock)


def test_who_gave_up_waiting_is_not_waited_for(built: Home, hold: Hold, wait: Wait) -> None:
    with hold.taken(keep=True):
        pass
    other = wait()
    other.kill()
    other.wait()

    assert not is_wanted(built.builder_lock)
    hold.give_way()
    assert is_held(built.builder_lock)


def test_what_failed_is_not_kept(built: Home, hold: Hold) -> None:
    with pytest.raises(KeyError), hold.taken(keep=True):
        raise KeyError

    assert not is_held(built.builder_lock)


def test_a_database_that_was_put_away_is_not_built_on(built: Home, hold: Hold) -> None:
    with hold.taken(keep=True), build_database(built) as connection:
        connection.execute(_LONG)
    for path in (built.build_database, log(built)):
        path.rename(path.with_name(f"away-{path.name}"))

    with hold.taken(keep=True), duckdb.connect(str(built.build_database)) as connection:
        assert connection.execute("from duckdb_tables()").fetchall() == []


def test_nothing_is_kept_where_nothing_was_built(home: Home) -> None:
    hold = Hold(home, lock_timeout=0)
    with hold.taken(keep=True):
        assert is_held(home.builder_lock)

    assert not is_held(home.builder_lock)


def test_the_log_does_not_grow_for_ever(
    built: Home, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "_LOG_BYTES", 1)
    with hold.taken(keep=True), build_database(built) as connection:
        connection.execute(_LONG)

    assert is_held(built.builder_lock)
    assert not log(built).exists() or not log(built).stat().st_size
