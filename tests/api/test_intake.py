"""Events over HTTP: what was acknowledged lands exactly once, whatever happens."""

import json
import os
import resource
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import Service, drained
from watchhouse.layout import Home
from watchhouse.pseudonyms import Pseudonymiser

EVENT = {
    "user_id": "anna",
    "show_name": "Dark",
    "watch_date": "2026-11-23",
    "watch_duration_minutes": 51,
}

# Files may grow to this many bytes and no further: what a full disk does to a segment.
_LIMITED = (
    "import os, resource, sys;"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY));"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]
    return answer.status_code, document["type"].rpartition(":")[2]


def test_an_event_lands_as_it_was_sent_under_pseudonyms(service: Service) -> None:
    body = (
        '{"event_id":"e-1","user_id":"anna","profile_id":7,"show_name":"Dark \\u00e6",'
        '"watch_duration_minutes":1.50,"season":01e0}'
    ).replace("01e0", "1e0")
    body = body[:-1] + ',"watch_date":"2026-11-23","more":{"a":[1.0,true]},"none":null}'

    with service.client() as client:
        answer = client.post("/events", content=body)

    assert (answer.status_code, answer.json()) == (202, {"event_id": "e-1"})
    written = b"".join(path.read_bytes() for path in service.home.http_spool.iterdir())
    assert b"anna" not in written
    service.stop()
    (row,) = drained(service.home)
    hashed = Pseudonymiser(bytes.fromhex("0b" * 32)).pseudonym
    assert (row["user_id"], row["profile_id"]) == (hashed("anna"), hashed("7"))
    assert (row["watch_duration_minutes"], row["season"]) == ("1.50", "1e0")
    assert row["show_name"] == "Dark \u00e6"
    assert json.loads(row["extras"]) == {"more": '{"a":[1.0,true]}'}
    assert (row["source_kind"], row["source_position"], row["source"]) == ("http", 1, "default")


def test_named_members_are_pseudonymised_or_dropped(serve: Callable[..., Service]) -> None:
    variables = {
        "WATCHHOUSE_INTAKE_IDENTIFIERS": "device_serial, phone",
        "WATCHHOUSE_INTAKE_DROP": "email",
    }
    service = serve(variables=variables)
    with service.client() as client:
        client.post("/events", json=EVENT | {"device_serial": "SN-1", "email": "a@example.org"})
    service.stop()
    (row,) = drained(service.home)
    hashed = Pseudonymiser(bytes.fromhex("0b" * 32)).pseudonym("SN-1")
    assert json.loads(row["extras"]) == {"device_serial": hashed}


def test_a_well_formed_event_that_breaks_rules_is_accepted(service: Service) -> None:
    with service.client() as client:
        answers = [client.post("/events", json=event) for event in ({}, {"show_name": " "})]
    assert [answer.status_code for answer in answers] == [202, 202]
    service.stop()
    assert len(drained(service.home)) == 2


UNDECODABLE = (
    ("/events", b"", 422, "undecodable-event"),
    ("/events", b"{", 422, "undecodable-event"),
    ("/events", b"[]", 422, "undecodable-event"),
    ("/events", b'{"a":"\xff"}', 422, "undecodable-event"),
    ("/events", b'{"a":"\\ud800"}', 422, "undecodable-event"),
    ("/events", b'{"a":NaN}', 422, "undecodable-event"),
    ("/events", b"[" * 100_000, 422, "undecodable-event"),
    ("/events", b" " * (256 * 1024 + 1), 413, "too-large"),
    ("/events/batch", b"", 422, "undecodable-event"),
    ("/events/batch", b"[]", 422, "undecodable-event"),
    ("/events/batch", b'[{"a":1}', 422, "undecodable-event"),
    ("/events/batch", b'[{"a":1},2]', 422, "undecodable-event"),
    ("/events/batch", b'{"a":1}\n{"a":\n', 422, "undecodable-event"),
    ("/events/batch", b"{}\n" * 10_001, 413, "too-large"),
    ("/events/batch", b" " * (8 * 1024 * 1024 + 1), 413, "too-large"),
)


def test_what_cannot_be_decoded_is_refused_whole(service: Service) -> None:
    with service.client() as client:
        for path, body, status, kind in UNDECODABLE:
            answer = problem(client.post(path, content=body))
            assert answer == (status, kind), (path, body[:20])
    service.stop()
    assert drained(service.home) == []


def test_a_refusal_names_the_lines(service: Service) -> None:
    with service.client() as client:
        answer = client.post("/events/batch", content=b'{"a":1}\n\n"x"\n{"b":2}\n{\n')
    assert [fault["line"] for fault in answer.json()["errors"]] == [3, 5]


def test_lists_and_lines_are_batches_alike(service: Service) -> None:
    events = [EVENT | {"event_id": f"e-{number}"} for number in range(3)]
    lines = "\r\n".join(json.dumps(event) for event in events)
    with service.client() as client:
        answers = [
            client.post("/events/batch", json=events),
            client.post("/events/batch", content=lines),
        ]
    for answer in answers:
        assert answer.status_code == 202
        assert answer.json() == {"accepted_count": 3, "event_ids": ["e-0", "e-1", "e-2"]}
    service.stop()
    assert Counter(row["event_id"] for row in drained(service.home)) == Counter(
        {"e-0": 2, "e-1": 2, "e-2": 2}
    )


def test_an_encoded_body_is_refused(service: Service) -> None:
    with service.client() as client:
        answer = client.post("/events", content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert problem(answer) == (415, "encoded-body")


def test_a_key_makes_repeats_one_request(service: Service) -> None:
    headers = {"Idempotency-Key": "k-1"}
    with service.client() as client:
        answers = [client.post("/events/batch", json=[EVENT, EVENT], headers=headers)] * 2
        answers.append(client.post("/events/batch", json=[EVENT, EVENT], headers=headers))
        other = client.post("/events/batch", json=[EVENT], headers=headers)
    assert {answer.text for answer in answers} == {answers[0].text}
    assert len(set(answers[0].json()["event_ids"])) == 2
    assert problem(other) == (422, "idempotency-key-reused")
    service.stop()
    assert [row["event_id"] for row in drained(service.home)] == answers[0].json()["event_ids"]


def test_ids_derived_from_a_key_outlive_a_restart(serve: Callable[..., Service]) -> None:
    seen = []
    for _ in range(2):
        service = serve()
        with service.client() as client:
            seen.append(client.post("/events", json=EVENT, headers={"Idempotency-Key": "k"}).json())
        service.stop()
    assert seen[0] == seen[1]
    rows = drained(service.home)
    assert {row["event_id"] for row in rows} == {seen[0]["event_id"]}


def test_requests_of_one_key_at_the_same_time_are_one(service: Service) -> None:
    answers: list[str] = []

    def post() -> None:
        with service.client() as client:
            answer = client.post("/events", json=EVENT, headers={"Idempotency-Key": "k"})
            answers.append(answer.text)

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
    service.stop()
    assert len(drained(service.home)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_an_unusable_key_is_refused(service: Service, key: str) -> None:
    with service.client() as client:
        answer = client.post("/events", json=EVENT, headers={"Idempotency-Key": key})
    assert problem(answer) == (422, "invalid-idempotency-key")


@pytest.mark.parametrize(
    "headers", [{"Host": "watchhouse.example"}, {"Origin": "http://evil.example"}]
)
def test_foreign_pages_are_refused(service: Service, headers: dict[str, str]) -> None:
    with service.client() as client:
        assert client.post("/events", json=EVENT, headers=headers).status_code == 403
    service.stop()
    assert drained(service.home) == []


def test_without_keys_other_machines_are_not_listened_to(serve: Callable[..., Service]) -> None:
    with pytest.raises(AssertionError, match="without an API key"):
        serve("--host", "0.0.0.0")  # noqa: S104 - what must be refused


@pytest.mark.parametrize("workers", ["1", "2"])
def test_acknowledged_events_survive_sigkill_exactly_once(
    serve: Callable[..., Service], workers: str
) -> None:
    acknowledged: set[str] = set()
    lock = threading.Lock()

    def post(name: str, url: str, wanted: int, enough: threading.Event) -> None:
        with httpx.Client(base_url=url, trust_env=False) as client:
            for number in range(100_000):
                event_id = f"{name}-{number}"
                try:
                    answer = client.post("/events", json=EVENT | {"event_id": event_id})
                except httpx.TransportError:
                    return
                with lock:
                    if answer.status_code == 202:
                        acknowledged.add(event_id)
                    if len(acknowledged) > wanted:
                        enough.set()

    for life in range(3):
        service = serve("--workers", workers)
        enough = threading.Event()
        threads = [
            threading.Thread(
                target=post, args=(f"{life}-{number}", service.url, 300 * (life + 1), enough)
            )
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        for pid in [*_children(service.process.pid), service.process.pid]:
            os.kill(pid, signal.SIGKILL)
        service.process.wait(30)
        for thread in threads:
            thread.join()
    counts = Counter(row["event_id"] for row in drained(service.home))
    assert acknowledged <= counts.keys()
    assert set(counts.values()) == {1}
    assert list(service.home.http_spool.iterdir()) == []


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as handle:  # noqa: PTH123 - not a file of ours
        return [int(child) for child in handle.read().split()]


def test_a_full_disk_is_said_and_what_was_acknowledged_stays(
    serve: Callable[..., Service], home: Home
) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    service = serve(prefix=(sys.executable, "-c", _LIMITED))
    acknowledged = set()
    with service.client() as client:
        large = client.post("/events/batch", json=[EVENT | {"more": "x" * 1000}] * 5)
        for number in range(30):
            event_id = f"e-{number}"
            event = EVENT | {"event_id": event_id, "more": "x" * 500}
            if client.post("/events", json=event).status_code == 202:
                acknowledged.add(event_id)
    assert problem(large) == (503, "not-stored")
    assert large.headers["retry-after"]
    assert "full" in large.json()["detail"]
    service.stop()
    rows = drained(home)
    assert Counter(row["event_id"] for row in rows) == Counter(acknowledged)
    assert acknowledged
    assert "cannot be written" in "".join(service.said)


def test_told_to_stop_it_seals_and_leaves_with_zero(service: Service) -> None:
    with service.client() as client:
        client.post("/events", json=EVENT)
        assert service.stop() == 0
    assert [path.suffix for path in service.home.http_spool.iterdir()] == [".ndjson"]


def test_more_than_fits_is_asked_to_come_again(service: Service) -> None:
    # Each says that 8 MiB are coming: nine of them are more than there is room for.
    def open_request() -> Any:
        import socket  # noqa: PLC0415 - only here

        host, port = service.url.removeprefix("http://").split(":")
        opened = socket.create_connection((host, int(port)))
        opened.sendall(
            b"POST /events/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8388608\r\n\r\n{"
        )
        return opened

    sockets = [open_request() for _ in range(8)]
    deadline = time.monotonic() + 20
    status = 202
    with service.client() as client:
        while status == 202 and time.monotonic() < deadline:
            answer = client.post("/events", json=EVENT)
            status = answer.status_code
    assert problem(answer) == (429, "busy")
    assert answer.headers["retry-after"] == "1"
    for opened in sockets:
        opened.close()
