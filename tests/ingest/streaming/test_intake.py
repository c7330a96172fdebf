"""Events over HTTP into a topic: acknowledged by the brokers, and landed once, hashed once."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, KafkaProducer

from tests.api.conftest import Service
from tests.ingest.streaming.conftest import DEADLINE, Streams, eventually
from watchhouse.cli import main
from watchhouse.pseudonyms import Pseudonymiser
from watchhouse.signing import SIGNATURE, signed

OURS = Pseudonymiser(bytes.fromhex("0b" * 32))


def variables(streams: Streams, topic: str, **more: str) -> dict[str, str]:
    given = {"KAFKA_BOOTSTRAP_SERVERS": streams.broker.servers, "INTAKE_TOPIC": topic, **more}
    return {f"WATCHHOUSE_{name}": value for name, value in given.items()}


def posted(user: str, **more: Any) -> dict[str, Any]:
    values = {"user_id": user, "show_name": "Dark", "watch_date": "2026-11-23"}
    return {**values, "watch_duration_minutes": 51, **more}


def rows(streams: Streams) -> dict[str, tuple[Any, ...]]:
    """Return user, profile and extras of each landed event."""
    found = streams.lake.rows("event_id, user_id, profile_id, extras")
    return {row[0]: (row[1], row[2], json.loads(row[3] or "{}")) for row in found}


def test_what_is_posted_lands_from_the_topic_under_the_pseudonyms_of_files(
    streams: Streams, serve: Callable[..., Service]
) -> None:
    topic = streams.topic(partitions=2)
    service = serve(variables=variables(streams, topic, INTAKE_IDENTIFIERS="serial"))
    with service.client() as client:
        one = client.post("/events", json=posted("anna", event_id="e1", serial="s-9"))
        keyed = {"Idempotency-Key": "k-1"}
        two = client.post("/events", json=posted("bob", profile_id="7"), headers=keyed)
        again = client.post("/events", json=posted("bob", profile_id="7"), headers=keyed)
        many = client.post(
            "/events/batch", json=[posted(f"u{n}", event_id=f"m{n}") for n in range(500)]
        )
    assert [answer.status_code for answer in (one, two, again, many)] == [202] * 4
    assert two.json() == again.json()
    assert service.stop() == 0
    assert not list(streams.lake.home.rglob("*.ndjson")), "nothing is spooled"
    # Others send to the same topic what they have.
    streams.send(topic, [json.dumps(posted("anna", event_id="plain")).encode()], keys=[b"anna"])

    assert streams.stream(topic)[0] == 0

    landed = rows(streams)
    assert len(landed) == streams.landed().total() == 503
    anna, seven = OURS.pseudonym("anna"), OURS.pseudonym("7")
    for event_id in ("e1", "plain"):
        user, _, extras = landed[event_id]
        assert (user, extras["kafka_key"]) == (anna, anna)
        assert "kafka_headers" not in extras
    assert landed["e1"][2]["serial"] == OURS.pseudonym("s-9")
    assert landed[two.json()["event_id"]][1] == seven


def test_no_identifier_reaches_the_broker(streams: Streams, serve: Callable[..., Service]) -> None:
    topic = streams.topic()
    service = serve(variables=variables(streams, topic))
    with service.client() as client:
        assert client.post("/events", json=posted("anna-raw", event_id="e1")).status_code == 202
    consumer = KafkaConsumer(
        topic, bootstrap_servers=streams.broker.servers, auto_offset_reset="earliest"
    )
    with closing(consumer):
        found: list[Any] = []

        def is_there() -> bool:
            found.extend(m for batch in consumer.poll(200).values() for m in batch)
            return bool(found)

        eventually(is_there, "the message")
    (message,) = found
    assert message.key == (OURS.pseudonym("anna-raw") or "").encode()
    assert b"anna-raw" not in message.value + b"".join(value for _, value in message.headers)


def test_a_signature_of_others_sets_the_message_aside(streams: Streams) -> None:
    topic = streams.topic()
    foreign = Pseudonymiser(bytes(32))
    value = json.dumps(posted("raw-identifier", event_id="e1")).encode()
    good = json.dumps(posted("ready", event_id="e2")).encode()
    producer = KafkaProducer(bootstrap_servers=streams.broker.servers)
    with closing(producer):
        for headers in (
            signed(foreign, {"user_id"}, key=None, value=value),
            [(SIGNATURE, b"none")],
            signed(OURS, {"user_id"}, key=b"another", value=value),
        ):
            producer.send(topic, value, headers=headers).get(DEADLINE)
        headers = [*signed(OURS, {"user_id"}, key=None, value=good), ("trace", b"t1")]
        producer.send(topic, good, headers=headers).get(DEADLINE)
    code, summary, _ = streams.stream(topic)
    assert (code, summary["landed"], summary["rejected"]) == (0, 1, 3)
    assert streams.lake.rejects("source_position, reason_code") == [
        (0, "unknown_signature"),
        (1, "unknown_signature"),
        (2, "unknown_signature"),
    ]
    user, _, extras = rows(streams)["e2"]
    assert (user, extras["kafka_headers"]) == ("ready", '{"trace":"t1"}')


def refusal(answer: httpx.Response) -> tuple[int, str, bool]:
    kind = answer.json()["type"].rpartition(":")[2]
    return answer.status_code, kind, "Retry-After" in answer.headers


def test_without_a_broker_nothing_is_accepted(
    streams: Streams, serve: Callable[..., Service]
) -> None:
    service = serve(variables=variables(streams, "t", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1"))
    with service.client() as client:
        assert refusal(client.post("/events", json=posted("a"))) == (503, "not-stored", True)
        assert client.get("/health").status_code == 200
    service.stop()
    assert sum("takes no events" in line for line in service.said) == 1
    assert not streams.lake.home.joinpath("spool").exists()


def test_a_broker_that_comes_back_takes_events_again(
    streams: Streams, serve: Callable[..., Service]
) -> None:
    if not streams.broker.is_ours:
        pytest.skip("the broker is not ours to kill")
    topic = streams.topic()
    service = serve(variables=variables(streams, topic))
    with service.client() as client:
        assert client.post("/events", json=posted("a", event_id="e1")).status_code == 202
        streams.broker.kill()
        assert refusal(client.post("/events", json=posted("a", event_id="e2")))[0] == 503
        streams.broker.start()
        eventually(
            lambda: client.post("/events", json=posted("a", event_id="e2")).status_code == 202,
            "accepted again",
        )
    service.stop()
    eventually(lambda: streams.stream(topic)[0] == 0, "landed")
    landed = streams.landed()
    assert set(landed) == {"e1", "e2"}
    assert landed["e1"] == 1


def test_a_topic_without_its_credentials_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATCHHOUSE_INTAKE_TOPIC", streams.prefix)
    monkeypatch.setenv("WATCHHOUSE_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    assert main(["serve", "--only", "api", "--api-port", "0"]) == 1
    assert "WATCHHOUSE_KAFKA_SASL_USERNAME" in caplog.text
