"""What landed since the release, and the registry."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from tests.api.conftest import Service, drained, make_key
from watchhouse.layout import Home
from watchhouse.metrics import load_metrics


def landed_in(home: Home) -> None:
    """Drain the spool, as soon as the server has sealed what it wrote."""
    deadline = time.monotonic() + 30
    while len(drained(home)) < 7:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_posted_is_in_the_tail_once_it_has_landed(
    reading: Callable[..., Service], home: Home
) -> None:
    service = reading()
    with service.client() as client:
        before = client.get("/v1/live").json()
        posted = [
            {
                "user_id": f"v{number}",
                "show_name": "Dark" if number else "Solo",
                "watch_date": "2026-10-21T10:00:00Z",
                "watch_duration_minutes": 30,
            }
            for number in range(6)
        ]
        assert client.post("/events/batch", json=[*posted, {"user_id": "v1"}]).status_code == 202
    landed_in(home)
    with service.client() as client:
        answer = client.get("/v1/live")
        after = answer.json()
        bad = client.get("/v1/live?minutes=0")
    assert answer.headers["cache-control"] == "no-store"
    assert before["release"] == after["release"] == 1
    assert after["is_provisional"] is True
    assert after["landed"] - before["landed"] == 7
    assert after["quarantined"] - before["quarantined"] == 1
    assert (after["plays"], after["users"], after["hours"]) == (6, 6, 3.0)
    assert after["top_shows"] == [
        {"show_name": "Dark", "plays": 5, "hours": 2.5},
        {"show_name": "Solo", "plays": 1, "hours": 0.5},
    ]
    assert bad.status_code == 422

    headers = make_key(home, "read:aggregate")
    with service.client() as client:
        hidden = client.get("/v1/live", headers=headers).json()
    assert [show["show_name"] for show in hidden["top_shows"]] == ["Dark"]
    assert datetime.fromisoformat(hidden["read_at"]) <= datetime.now(UTC)


def test_the_registry_needs_no_release(service: Service) -> None:
    with service.client() as client:
        found = client.get("/v1/metrics").json()
        none = client.get("/v1/live")
    assert [item["name"] for item in found["items"]] == [m.name for m in load_metrics()]
    assert none.status_code == 503
