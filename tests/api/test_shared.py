"""Several instances with one memory: what each knows, and what becomes of it without the server."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import httpx
import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from tests.api.conftest import Service, drained, make_key
from watchhouse.cli import main
from watchhouse.layout import Home

FAKE = """
import sys
from fakeredis import TcpFakeServer
TcpFakeServer(("127.0.0.1", int(sys.argv[1]))).serve_forever()
"""


@dataclass
class Memory:
    """A running server; `url` is where."""

    process: "subprocess.Popen[bytes]"
    url: str

    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)


@pytest.fixture
def memory() -> Iterator[Memory]:
    """Return a server that speaks as Redis does: the real one, if this machine has it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    real = shutil.which("redis-server")
    arguments = ("--bind", "127.0.0.1", "--save", "", "--dir", "/tmp", "--port", port)
    process = subprocess.Popen(
        [real, *arguments] if real else [sys.executable, "-c", FAKE, port],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = Memory(process, f"redis://127.0.0.1:{port}/0")
    # It takes a moment to be there.
    patient = Retry(ConstantBackoff(0.05), 200)
    with redis.Redis.from_url(memory.url, retry=patient) as client:
        assert client.ping()
    yield memory
    process.kill()
    process.wait()


def answers(client: httpx.Client, headers: dict[str, str]) -> dict[str, int]:
    """Return how many answers came from where."""
    lines = client.get("/metrics", headers=headers).text.splitlines()
    counts = {"front": 0, "cache": 0, "release": 0}
    for line in lines:
        if line.startswith("watchhouse_answers_total"):
            counts[line.partition('source="')[2].partition('"')[0]] = int(float(line.split()[-1]))
    return counts


def test_instances_know_what_each_other_did(
    reading: Callable[..., Service], home: Home, memory: Memory
) -> None:
    headers = make_key(home, "admin")
    variables = {"WATCHHOUSE_REDIS_URL": memory.url}
    with reading(variables=variables).client() as one, reading(variables=variables).client() as two:
        # Of the same minute: the second that begins within it knows of the first.
        told = [client.get("/health", headers=headers).headers for client in (one, two, one, two)]
        left = [(int(each["ratelimit-reset"]), int(each["ratelimit-remaining"])) for each in told]
        assert any(
            after[1] == before[1] - 1 for before, after in pairwise(left) if after[0] <= before[0]
        ), left

        path = "/v1/activity?limit=3"
        first = one.get(path, headers=headers)
        second = two.get(path, headers=headers)
        assert (second.status_code, second.content) == (200, first.content)
        assert second.headers["etag"] == first.headers["etag"]
        assert second.headers["watchhouse-next-cursor"] == first.headers["watchhouse-next-cursor"]
        assert answers(two, headers) == {"front": 0, "cache": 1, "release": 0}

        # What is of one user stays where it was read.
        with memory.client() as client:
            before = client.dbsize()
            assert one.get("/v1/users/u0", headers=headers).status_code == 200
            assert client.dbsize() - before <= 1, "more than the count of a new minute"

        event = {"user_id": "u-secret", "show_name": "Dark"}
        named = headers | {"Idempotency-Key": "k"}
        sent = [client.post("/events", json=event, headers=named) for client in (one, two)]
        assert [answer.status_code for answer in sent] == [202, 202]
        assert sent[0].json() == sent[1].json()
        other = two.post("/events", json={"user_id": "v"}, headers=named)
        assert other.status_code == 422
        assert other.json()["type"].endswith("idempotency-key-reused")

        shows = one.get("/v1/shows", headers=headers)
        with memory.client() as client:
            for key in client.scan_iter():
                assert key.startswith(b"watchhouse:")
                value = client.get(key) or b""
                assert b"u-secret" not in value
                if not value.isdigit():
                    client.set(key, value.replace(b'"release"', b'"forged!"') + b" ")
        assert two.get("/v1/shows", headers=headers).content == shows.content
    assert len(drained(home)) == 1


def test_without_the_server_each_goes_on_alone(
    reading: Callable[..., Service], home: Home, memory: Memory
) -> None:
    headers = make_key(home, "admin") | {"Idempotency-Key": "k"}
    service = reading(variables={"WATCHHOUSE_REDIS_URL": memory.url})
    with service.client() as client:
        assert client.get("/analytics", headers=headers).status_code == 200
        memory.process.kill()
        memory.process.wait()
        for path in ("/analytics", "/v1/activity", "/v1/shows", "/v1/users/u0"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200
            assert int(answer.headers["ratelimit-remaining"]) < 1200
        assert client.post("/events", json={"user_id": "u"}, headers=headers).status_code == 202
    service.stop()
    assert len([line for line in service.said if "Redis does not answer" in line]) == 1


def test_an_address_that_is_none_is_refused_without_repeating_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    monkeypatch.setenv("WATCHHOUSE_REDIS_URL", "http://:secret@host")
    assert main(["serve", "--only", "api"]) == 1
    assert "WATCHHOUSE_REDIS_URL" in caplog.text
    assert "secret" not in caplog.text
