"""`watchhouse serve` is killed: nothing that it started is left."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

_SECONDS = 60


@pytest.mark.parametrize(
    ("arguments", "programs"),
    [((), 2), (("--workers", "2"), 2), (("--only", "api", "--workers", "2"), 1)],
    ids=["programs", "programs and workers", "workers"],
)
def test_what_is_killed_leaves_no_process(
    tmp_path: Path, arguments: tuple[str, ...], programs: int
) -> None:
    """All of them write where this test listens, so it hears the end when the last is gone."""
    command = [sys.executable, "-m", "watchhouse", "serve", "--api-port", "0"]
    with subprocess.Popen(
        [*command, "--dashboard-port", "0", *arguments],
        env={"WATCHHOUSE_HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # So that what is left after all can be ended.
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        try:
            said = "".join(process.stderr.readline() for _ in range(programs))
            urls = re.findall(r"http://127\.0\.0\.1:\d+", said)
            assert len(urls) == programs, said
            while not all(answers(url) for url in urls):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=_SECONDS)
        finally:
            if any_is_left(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def answers(url: str) -> bool:
    """Tell whether a server answers at all."""
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def any_is_left(group: int) -> bool:
    """Tell whether a process group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
