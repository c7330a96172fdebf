"""The spool into the lake: each event exactly once, whoever dies and however many drain."""

import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.draining import Drained, Drainer
from tests.api.conftest import landed
from watchhouse.errors import LakeError
from watchhouse.layout import Home

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]

# Drains again and again, each time in a forked child that is killed one step later than the one
# before, until a child gets through. A step is a call that changes something on disk.
_KILLED_EVERYWHERE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from ingest.draining import Drainer
from watchhouse.layout import Home

STEPS = {"rename", "link", "mkdir", "fsync", "unlink", "rmdir", "open", "write", "flock"}
home = Home(Path(sys.argv[1]))

def drain_until(step):
    left = step
    def count(frame, event, function):
        nonlocal left
        if event == "c_call" and function.__name__ in STEPS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(count)
    Drainer(home).drain(now=datetime.now(UTC))
    os._exit(0)

step, status = 0, -1
while status != 0:
    step += 1
    child = os.fork()
    if child == 0:
        drain_until(step)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
print(step)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.http_spool.mkdir(parents=True)
    return home


def fill(home: Home, name: str, count: int, *, suffix: str = ".ndjson", torn: str = "") -> None:
    lines = [json.dumps({"event_id": f"{name}-{n}", "user_id": "p"}) + "\n" for n in range(count)]
    (home.http_spool / f"{name}{suffix}").write_text("".join(lines) + torn)


def test_each_segment_is_one_batch_with_provenance(home: Home) -> None:
    fill(home, "aa", 3)
    fill(home, "bb", 2, suffix=".open", torn='{"event_id": "never-ack')

    assert Drainer(home).drain(now=NOW) == Drained(segment_count=2, landed_count=5)
    assert Drainer(home).drain(now=NOW) == Drained()

    rows = landed(home)
    assert [(r["source_uri"], r["source_position"], r["event_id"]) for r in rows] == [
        *(("http:aa", n + 1, f"aa-{n}") for n in range(3)),
        *(("http:bb", n + 1, f"bb-{n}") for n in range(2)),
    ]
    assert {(r["source_kind"], r["user_id"], r["landed_at"]) for r in rows} == {("http", "p", NOW)}
    assert len({r["batch_id"] for r in rows}) == 2
    assert list(home.http_spool.iterdir()) == []


def test_a_segment_found_again_lands_nothing(home: Home) -> None:
    fill(home, "aa", 3)
    Drainer(home).drain(now=NOW)
    fill(home, "aa", 3)
    assert Drainer(home).drain(now=NOW) == Drained(segment_count=1)
    assert len(landed(home)) == 3
    assert list(home.http_spool.iterdir()) == []


def test_killed_at_every_step_each_event_lands_once(home: Home) -> None:
    for name in ("aa", "bb"):
        fill(home, name, 10)
    fill(home, "cc", 10, suffix=".open", torn="{")
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_EVERYWHERE, str(home.root)],
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == 0, killed.stderr.decode()
    assert int(killed.stdout) > 50
    counts = Counter(row["event_id"] for row in landed(home))
    assert counts == Counter({f"{name}-{n}": 1 for name in ("aa", "bb", "cc") for n in range(10)})
    assert list(home.http_spool.iterdir()) == []


def test_drainers_at_the_same_time_share_the_work(home: Home) -> None:
    for number in range(40):
        fill(home, f"{number:02}", 5)
    done: list[Drained] = []

    def drain() -> None:
        drainer = Drainer(home)
        while any(home.http_spool.iterdir()):
            done.append(drainer.drain(now=NOW))

    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(part.landed_count for part in done) == 200
    assert Counter(Counter(row["event_id"] for row in landed(home)).values()) == Counter({1: 200})


def test_a_damaged_segment_is_said_and_holds_up_no_other(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    (home.http_spool / "aa.ndjson").write_bytes(b"\xff\xfe nothing of this is JSON\n")
    fill(home, "bb", 2)
    drainer = Drainer(home)
    assert drainer.drain(now=NOW) == Drained(2, landed_count=2, failed_count=1)
    assert drainer.drain(now=NOW) == Drained(failed_count=1)
    assert (home.http_spool / "aa.ndjson").exists()
    assert caplog.text.count("aa.ndjson") == 1


def test_a_line_that_went_bad_is_rejected_with_its_number(home: Home) -> None:
    fill(home, "aa", 2, torn='{"event_id": 1e}\n')
    assert Drainer(home).drain(now=NOW) == Drained(1, landed_count=2, rejected_count=1)


def test_no_spool_is_nothing_to_do(tmp_path: Path) -> None:
    assert Drainer(Home(tmp_path / "none")).drain(now=NOW) == Drained()
    assert not (tmp_path / "none").exists()


def test_a_lake_that_cannot_be_written_keeps_the_segment(home: Home) -> None:
    fill(home, "aa", 2)
    home.raw.write_text("in the way")
    with pytest.raises(LakeError):
        Drainer(home).drain(now=NOW)
    assert (home.http_spool / "aa.ndjson").exists()
    home.raw.unlink()
    assert Drainer(home).drain(now=NOW) == Drained(1, landed_count=2)
