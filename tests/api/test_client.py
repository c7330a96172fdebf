"""The client for notebooks, against the running service."""

import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.api.conftest import Service, make_key
from watchhouse import client as module
from watchhouse.client import Client
from watchhouse.errors import WatchhouseError
from watchhouse.layout import Home


def test_every_question_is_answered(
    reading: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(reading().url)
    assert "hours_viewed" in {metric["name"] for metric in client.metrics()}
    days = {
        "dimensions": ["show_name"],
        "grain": "day",
        "start": "2026-10-11",
        "end": "2026-10-14",
        "filters": {"show_name": ["Solo"]},
        "sort": ["-period_started_date"],
    }
    whole = client.query("hours_viewed", "plays", **days)
    assert [(row["period_started_date"], row["hours_viewed"], row["plays"]) for row in whole] == [
        ("2026-10-13", 1.0, 1),
        ("2026-10-12", 1.0, 1),
        ("2026-10-11", 1.0, 1),
    ]
    (show,) = client.shows("solo")
    assert show["show_name"] == "Solo"
    assert len(client.shows()) == 3
    assert client.user("u0")["play_count"] == 13
    # Page by page it is the same.
    monkeypatch.setattr(module, "_PAGE_ROWS", 1)
    assert client.query("hours_viewed", "plays", **days) == whole
    table = client.table("hours_viewed", "plays", **days)
    assert table["plays"].to_pylist() == [1, 1, 1]
    assert [day.isoformat() for day in table["period_started_date"].to_pylist()] == [
        row["period_started_date"] for row in whole
    ]
    metadata = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    assert (metadata["release"], metadata["data_level"]) == ("1", "L0")
    assert re.fullmatch("[0-9a-f]{8}", metadata["metric_version"])
    assert len(client.shows()) == 3


def test_a_failure_is_the_reason_that_the_service_gives(
    reading: Callable[..., Service], home: Home
) -> None:
    key = make_key(home, "read:aggregate")["Authorization"].removeprefix("Bearer ")
    url = reading().url
    client = Client(url, key)
    assert client.query("plays")[0]["plays"] == 84
    with pytest.raises(WatchhouseError, match=r"^metrics: 'playz' is not known; did you mean"):
        client.query("playz")
    with pytest.raises(WatchhouseError, match="this key has no scope read:user"):
        client.user("a?b c")
    with pytest.raises(WatchhouseError, match="an API key is needed"):
        Client(url).shows()


@pytest.fixture
def other() -> Iterator[HTTPServer]:
    """Return a server that is none of ours."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_no_service_is_named(other: HTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WatchhouseError, match="answered 501"):
        Client(f"http://127.0.0.1:{other.server_port}").metrics()
    assert "501" in capsys.readouterr().err
    with pytest.raises(WatchhouseError, match="is `watchhouse serve` running"):
        Client("http://127.0.0.1:1").metrics()
    for url in ("file:///etc/passwd", "localhost:8000", ""):
        with pytest.raises(WatchhouseError, match="is no address"):
            Client(url)
