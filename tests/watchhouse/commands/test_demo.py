"""The demo as a new user sees it: in a process of its own, twice."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

EVENTS = "2000"


class Demo:
    """Runs the demo in one folder."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str]) -> None:
        self.folder = folder
        self._command = [*command, "-m", "watchhouse", "demo"]
        self._environment = environment

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self._command, *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def truth(self) -> Path:
        return self.folder / "demo" / "input" / "truth.json"


@pytest.fixture
def demo(tmp_path: Path, python: tuple[list[str], dict[str, str]]) -> Demo:
    command, environment = python
    return Demo(tmp_path, command, environment)


def test_a_demo_agrees_with_what_was_simulated_and_skips_what_is_done(demo: Demo) -> None:
    first = demo.run("--events", EVENTS)

    assert first.returncode == 0, first.stderr
    assert "All 21 figures agree" in first.stdout
    assert "skipped" not in first.stdout
    assert max(map(len, first.stdout.splitlines())) <= 80
    truth: dict[str, Any] = json.loads(demo.truth.read_text())
    assert f"valid {truth['valid']:,} + quarantined {truth['quarantined']:,}" in first.stdout
    assert truth["top_shows"][0]["show_name"] in first.stdout

    second = demo.run("--events", EVENTS)

    assert second.returncode == 0, second.stderr
    assert second.stdout.count("skipped: ") == 5
    assert second.stdout.partition("Top shows")[2] == first.stdout.partition("Top shows")[2]

    other = demo.run("--events", "3000")

    assert other.returncode == 1
    assert "demo/input holds a demo of 2000 events, not 3000: remove demo" in other.stderr

    truth["plays"] += 1
    demo.truth.write_text(json.dumps(truth))
    wrong = demo.run("--events", EVENTS)

    assert wrong.returncode == 1
    played = truth["plays"]
    assert f"plays: the simulator wrote {played}, the release holds {played - 1}" in wrong.stderr
    assert wrong.stderr.count("the simulator wrote") == 1


def test_what_went_wrong_is_said_in_one_line(demo: Demo) -> None:
    folder = demo.folder / "demo" / "input"
    folder.mkdir(parents=True)
    (folder / "events-001.csv").write_text("mine")

    refused = demo.run("--events", EVENTS)

    assert refused.returncode != 0
    assert "events-001.csv is in the way" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (folder / "events-001.csv").read_text() == "mine"
