"""What becomes of messages, whatever is in them."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.ingest.streaming.conftest import event

if TYPE_CHECKING:
    from tests.ingest.streaming.conftest import Streams


def test_messages_land_in_the_order_of_their_offsets(streams: "Streams") -> None:
    topic = streams.topic()
    streams.send(topic, [event(n) for n in range(1000)])

    code, summary, said = streams.stream(topic)

    assert code == 0
    assert (summary["read"], summary["landed"], summary["rejected"]) == (1000, 1000, 0)
    rows = streams.lake.rows("event_id, source_kind, source_position, source_uri")
    assert [row[:3] for row in rows] == [(f"e{n}", "kafka", n) for n in range(1000)]
    assert f"/{topic}?generation=" in rows[0][3]
    assert rows[0][3].endswith("&partition=0")
    assert "landed 1,000 of 1,000 messages" in said


@pytest.mark.parametrize("compression", [None, "gzip", "snappy", "lz4", "zstd"])
def test_compressed_batches(streams: "Streams", compression: str | None) -> None:
    topic = streams.topic()
    streams.send(topic, [event(n) for n in range(500)], compression=compression)
    assert streams.stream(topic)[1]["landed"] == 500
    assert set(streams.landed().values()) == {1}


def test_key_headers_and_timestamp_are_kept_and_the_key_is_a_pseudonym(streams: "Streams") -> None:
    topic = streams.topic()
    headers = [("trace", b"t-1"), ("raw", b"\xff\x00"), ("tag", b"a"), ("tag", b"b")]
    streams.send(topic, [event(5, mood="calm")], keys=[b"u5"], headers=headers)
    streams.send(topic, [event(6, kafka_key="mine")], keys=[b"\xffodd"])

    assert streams.stream(topic)[0] == 0

    (user, first), (_, second) = streams.lake.rows("user_id, extras")
    extras = json.loads(first)
    assert extras["mood"] == "calm"
    assert extras["kafka_key"] == user, "who is the key is who watched"
    assert extras["kafka_timestamp"].startswith("20")
    assert extras["kafka_timestamp"].endswith("Z")
    assert json.loads(extras["kafka_headers"]) == {
        "trace": "t-1",
        "raw": "base64:/wA=",
        "tag": ["a", "b"],
    }
    assert json.loads(second)["message_kafka_key"] == "mine", "a field of the message stays"
    assert len(json.loads(second)["kafka_key"]) == 22
    for path in streams.lake.home.rglob("*.parquet"):
        assert b"odd" not in path.read_bytes()


POISON: list[tuple[bytes | None, str]] = [
    (b"{broken", "invalid_json"),
    (b"[1, 2]", "not_an_object"),
    (b"\xff\xfe", "invalid_utf8"),
    (b"", "invalid_json"),
    (b" \n ", "invalid_json"),
    (b"42", "not_an_object"),
    (None, "null_value"),
]


def test_poison_is_set_aside_with_its_offset_and_the_rest_lands(streams: "Streams") -> None:
    topic = streams.topic()
    values: list[bytes | None] = []
    for number, (poison, _) in enumerate(POISON):
        values += [event(number), poison]
    pretty = json.dumps(json.loads(event(99)), indent=2).encode()
    streams.send(topic, [*values, pretty], keys=[b"k"] * (len(values) + 1))

    code, summary, _ = streams.stream(topic)

    assert code == 0
    assert (summary["landed"], summary["rejected"]) == (len(POISON) + 1, len(POISON))
    assert summary["nulls"] == 1
    rejects = streams.lake.rejects("source_position, reason_code, record is null, source_uri")
    expected = [(2 * n + 1, reason, value is None) for n, (value, reason) in enumerate(POISON)]
    assert [row[:3] for row in rejects] == expected
    assert all(topic in row[3] for row in rejects)
    assert streams.lake.rows("event_id")[-1] == ("e99",), "JSON over several lines is a record"
    (entry,) = streams.lake.entries()
    assert entry["kafka"]["null_count"] == 1
    assert entry["read_count"] == entry["landed_count"] + entry["rejected_count"]


def test_each_topic_is_a_stream(streams: "Streams") -> None:
    events, shows, users = streams.topic("a"), streams.topic("b"), streams.topic("c")
    streams.send(events, [event(1)])
    streams.send(shows, [b'{"show_id":"s1","show_name":"Show 1","runtime_minutes":50}'])
    streams.send(users, [b'{"user_id":"u1","plan":"family"}'])

    assert streams.stream(events, f"catalog={shows}", f"users={users}")[0] == 0

    found: Any = {entry["stream"]: entry["landed_count"] for entry in streams.lake.entries()}
    assert found == {"watch_events": 1, "catalog": 1, "users": 1}
    assert streams.lake.rows("show_id, runtime_minutes", "catalog") == [("s1", "50")]
    assert len(streams.lake.rows("user_id", "users")[0][0]) == 22
