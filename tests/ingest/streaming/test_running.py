"""`watchhouse run`: what arrives is published, again and again, whatever is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ingest.streaming.conftest import DEADLINE, Streams, event, eventually
from watchhouse.errors import NoReleaseError
from watchhouse.layout import Home
from watchhouse.locks import builder_lock
from watchhouse.releases import open_current

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(streams: Streams) -> Iterator[Run]:
    """Start `watchhouse run`; whatever still runs is killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "watchhouse", "run", *arguments],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    del streams
    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def published(home: Home) -> tuple[int, int]:
    """Return plays and distinct plays of the current release."""
    try:
        with open_current(home) as release:
            row = release.cursor().execute(
                "select count(*), count(distinct started_at || user_id || show_id) from fct_plays"
            )
            plays, distinct = row.fetchall()[0]
            return plays, distinct
    except NoReleaseError:
        return 0, 0


def test_what_arrives_is_published_once_whatever_is_killed(streams: Streams, run: Run) -> None:
    home = Home(streams.lake.home)
    topic = streams.topic()
    values = [event(n, watch_date=f"2026-11-01T{n // 60:02d}:{n % 60:02d}:00Z") for n in range(400)]
    running = run("--topic", topic)
    streams.send(topic, values[:200])
    eventually(lambda: published(home)[0] == 200, "the first events are published")
    streams.send(topic, values[200:300])
    eventually(lambda: sum(streams.landed().values()) > 200, "more has landed")
    running.kill()
    running.wait()

    running = run("--topic", topic)
    streams.send(topic, values[300:])
    eventually(lambda: published(home)[0] == 400, "all events are published")
    running.send_signal(signal.SIGTERM)
    _, said = running.communicate(timeout=60)

    assert running.returncode == 0, said
    assert published(home) == (400, 400)
    assert set(streams.landed().values()) == {1}
    assert "release " in said


def test_it_leaves_when_all_is_published(streams: Streams, run: Run) -> None:
    topic = streams.topic()
    streams.send(topic, [event(n) for n in range(20)])
    leaving = run("--topic", topic, "--until-idle")

    _, said = leaving.communicate(timeout=DEADLINE)

    assert leaving.returncode == 0, said
    assert published(Home(streams.lake.home))[0] == 20


def test_what_could_not_be_published_is_a_failure(
    streams: Streams, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(streams.lake.home)
    topic = streams.topic()
    streams.send(topic, [event(1)])
    monkeypatch.setenv("WATCHHOUSE_LOCK_TIMEOUT", "0")
    with builder_lock(home.builder_lock, timeout=0):
        failing = run("--topic", topic, "--until-idle")
        _, said = failing.communicate(timeout=DEADLINE)

    assert failing.returncode == 1, said
    assert "error: another builder" in said
    assert sum(streams.landed().values()) == 1


def test_what_ends_the_loader_ends_it(streams: Streams, run: Run) -> None:
    ended = run("--topic", f"{streams.prefix}-nowhere", "--until-idle")

    _, said = ended.communicate(timeout=DEADLINE)

    assert ended.returncode == 1
    assert "there is no topic" in said
    assert "Traceback" not in said
