"""One builder at a time, whoever it is and however it ends."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchhouse.errors import LakeError, LockTimeoutError
from watchhouse.locks import acquire, builder_lock, current_holder, is_held, release

_HOLD = """
import sys
from pathlib import Path
from watchhouse.locks import builder_lock
with builder_lock(Path(sys.argv[1]), timeout=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "build" / "builder.lock"


@pytest.fixture
def other(lock: Path, python: tuple[list[str], dict[str, str]]) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its standard input closes."""
    command, environment = python
    process = subprocess.Popen(
        [*command, "-c", _HOLD, str(lock)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_process_waits_no_longer_than_it_would(
    lock: Path, other: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(LockTimeoutError, match=f"process {other.pid}") as raised:
        acquire(lock, timeout=0.3)

    assert "WATCHHOUSE_LOCK_TIMEOUT" in str(raised.value)
    # Said once, though it looked several times.
    assert len(caplog.messages) == 1
    assert f"process {other.pid}" in caplog.messages[0]


def test_a_second_process_gets_the_lock_when_the_first_is_done(
    lock: Path, other: subprocess.Popen[str]
) -> None:
    assert other.stdin is not None
    other.stdin.close()

    with builder_lock(lock, timeout=30):
        assert json.loads(lock.read_text())["pid"] == os.getpid()


def test_a_killed_holder_holds_nothing(lock: Path, other: subprocess.Popen[str]) -> None:
    holder = current_holder(lock)
    assert holder is not None
    assert holder.pid == other.pid

    other.kill()
    other.wait()

    assert current_holder(lock) is None
    with builder_lock(lock, timeout=0):
        assert is_held(lock)


def test_the_process_that_holds_it_gets_it_again(lock: Path) -> None:
    acquire(lock, timeout=0)
    acquire(lock, timeout=0)
    release(lock)
    assert is_held(lock)
    release(lock)
    assert not is_held(lock)
    assert current_holder(lock) is None


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file where the folder should be")

    with pytest.raises(LakeError, match="WATCHHOUSE_HOME"):
        acquire(tmp_path / "build" / "builder.lock", timeout=0)


def test_nobody_holds_a_lock_that_was_never_taken(lock: Path) -> None:
    assert current_holder(lock) is None
    assert not lock.exists()
