"""The dashboard as our own command serves it, in a process of its own."""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from watchhouse.layout import Home


@dataclass(frozen=True)
class Server:
    """A dashboard that answers at `url`, over a home."""

    url: str
    home: Home
    process_id: int

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    @property
    def handles(self) -> list[Path]:
        """What it has open, as paths; those of what was removed end with `(deleted)`."""
        found = []
        for handle in Path(f"/proc/{self.process_id}/fd").iterdir():
            try:
                found.append(handle.readlink())
            except FileNotFoundError:
                continue
        return found

    @property
    def releases_held(self) -> set[str]:
        """The folders of the releases that it has open, by their names."""
        inside = self.home.releases.resolve()
        return {
            handle.relative_to(inside).parts[0]
            for handle in self.handles
            if handle.is_relative_to(inside)
        }


@contextmanager
def served(home: Path, *, port: int = 0) -> Iterator[Server]:
    """Serve the dashboard of a home until the block ends; port 0 is any. No page may fail."""
    command = [sys.executable, "-m", "watchhouse", "serve", "--only", "dashboard"]
    with subprocess.Popen(
        [*command, "--dashboard-port", str(port)],
        env={"WATCHHOUSE_HOME": str(home), "PATH": "/usr/bin:/bin"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found
        while not answers(f"{found.group()}/_stcore/health"):
            assert process.poll() is None, "the dashboard ended before it was up"
            time.sleep(0.05)
        try:
            yield Server(found.group(), Home(home), process.pid)
        finally:
            process.terminate()
            code = process.wait(30)
        assert code == 0
        assert "Traceback" not in process.stderr.read()


def answers(url: str) -> bool:
    """Tell whether a server is up."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False
