"""From a posted event to a release, while `watchhouse run` works beside the server."""

import os
import signal
import subprocess
import sys
import time

from tests.api.conftest import REPOSITORY, Service
from tests.releases import KEY
from watchhouse.errors import NoReleaseError
from watchhouse.layout import Home
from watchhouse.releases import open_current

DEADLINE = 120.0


def play_count(home: Home) -> int:
    try:
        with open_current(home) as release:
            (row,) = release.cursor().execute("select count(*) from fct_plays").fetchall()
            return int(row[0])
    except NoReleaseError:
        return 0


def test_posted_events_are_published(service: Service) -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "watchhouse", "run"],
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "WATCHHOUSE_HOME": str(service.home.root),
            "WATCHHOUSE_PSEUDONYM_KEY": KEY,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with service.client() as client:
            for number in range(3):
                event = {
                    "event_id": f"e-{number}",
                    "user_id": "anna",
                    "show_name": "Dark",
                    "watch_date": "2026-11-23T01:00:00Z",
                    "watch_duration_minutes": 51,
                }
                assert client.post("/events", json=event).status_code == 202
        deadline = time.monotonic() + DEADLINE
        while play_count(service.home) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=DEADLINE)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0, said
    assert "release " in said
    assert list(service.home.http_spool.glob("*.ndjson")) == []
