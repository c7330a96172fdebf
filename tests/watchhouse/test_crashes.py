"""A publication that is killed at any moment leaves a whole release, and the next one makes up."""

import pickle
import subprocess
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

from watchhouse.collection import collect, sweep
from watchhouse.layout import Home
from watchhouse.releases import open_current
from watchhouse.state import build_database, read_state

# Publishes again and again, each time in a forked child that is killed one step later than the
# one before, until a child gets through. A step is a call that changes something on disk, or
# every 25th statement: those of one transaction, of which there are hundreds, are alike. What the
# engine imports when it is first asked for values is there before: else every child takes longer
# for that than for all else.
_KILLED_EVERYWHERE = """
import os, pickle, signal, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import _strptime, duckdb, pandas, pyarrow.dataset, pytz
from watchhouse.collection import collect, sweep
from watchhouse.layout import Home
from watchhouse.publishing import Publication, publish

STEPS = {"commit", "rename", "replace", "symlink", "mkdir", "fsync", "unlink", "rmdir"}
home = Home(Path(sys.argv[1]))
plan = pickle.loads(sys.stdin.buffer.read())

def publish_until(step):
    left, statements = step, 0
    def count(frame, event, function):
        nonlocal left, statements
        if event != "c_call":
            return
        if function.__name__ == "execute":
            statements += 1
        if function.__name__ in STEPS or (function.__name__ == "execute" and statements % 25 == 1):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    connection = duckdb.connect(str(home.build_database))
    now = datetime.now(UTC) + timedelta(seconds=1)
    sys.setprofile(count)
    sweep(home)
    publish(connection, home, Publication(plan=plan, code_version="c0de", now=now))
    collect(home, keep=2, grace=timedelta(0), now=now, thorough=True)
    os._exit(0)

step = 0
status = -1
while status != 0:
    step += 1
    child = os.fork()
    if child == 0:
        publish_until(step)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
print(step)
"""


def whole_release(home: Home) -> tuple[int, int]:
    """Check the current release against its manifest; return its number and its plays."""
    with open_current(home) as release:
        cursor = release.cursor()
        for name, mart in release.manifest.marts.items():
            # All columns: a count alone could come from the footers of the files.
            rows = cursor.execute(f'from "{mart.schema_name}"."{name}"').fetchall()
            assert len(rows) == mart.row_count, name
        return release.manifest.release_id, release.manifest.marts["fct_plays"].row_count


def test_killed_at_every_step_nobody_sees_half_a_release(
    small_build: Any, python: tuple[list[str], dict[str, str]]
) -> None:
    command, environment = python
    home = small_build.home
    small_build.add("a", [date(2026, 3, 2), date(2026, 3, 3)])
    small_build.publish()
    small_build.add("b", [date(2026, 3, 3), date(2026, 3, 4)])
    seen: set[tuple[int, int]] = set()
    errors: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                seen.add(whole_release(home))
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    publisher = subprocess.run(
        [*command, "-c", _KILLED_EVERYWHERE, str(home.root)],
        env=environment,
        input=pickle.dumps(small_build.plan),
        capture_output=True,
        check=False,
    )
    done.set()
    reader.join()

    assert publisher.returncode == 0, publisher.stderr.decode()
    assert int(publisher.stdout) > 50
    assert errors == []
    assert {plays for _, plays in seen} == {20, 40}
    assert whole_release(home)[1] == 40
    with build_database(home) as connection:
        assert read_state(connection).published == {"a", "b"}
        assert connection.execute("from intermediate.int_changed_days").fetchall() == []
    assert_nothing_is_left_over(home)


def assert_nothing_is_left_over(home: Home) -> None:
    assert not sweep(home)
    later = datetime.now(UTC) + timedelta(seconds=1)
    collect(home, keep=1, grace=timedelta(0), now=later, thorough=True)
    with open_current(home) as release:
        needed = release.manifest.part_paths()
    found = {
        path.relative_to(home.root).as_posix()
        for path in (home.releases / "parts").rglob("*")
        if path.is_file()
    }
    assert found == needed
