"""Loaders that stop, die, share, race and come back lose and double nothing."""

import json
import os
import signal
import threading
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from kafka.structs import TopicPartition

from tests.ingest.streaming.conftest import event, eventually

if TYPE_CHECKING:
    from tests.ingest.streaming.conftest import Streams


def once(numbers: range) -> Counter[str]:
    return Counter({f"e{n}": 1 for n in numbers})


def test_a_restart_goes_on_where_the_ledger_ends(streams: "Streams") -> None:
    topic = streams.topic(partitions=3)
    streams.send(topic, [event(n) for n in range(300)])
    assert streams.stream(topic)[1]["landed"] == 300
    assert streams.stream(topic)[1]["landed"] == 0, "nothing twice"
    streams.send(topic, [event(n) for n in range(300, 400)])
    assert streams.stream(topic)[1]["landed"] == 100
    assert streams.landed() == once(range(400))


def test_the_ledger_counts_and_not_the_offset_at_the_broker(
    streams: "Streams", monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = streams.topic()
    streams.send(topic, [event(n) for n in range(50)])
    assert streams.stream(topic)[1]["landed"] == 50
    monkeypatch.setenv("WATCHHOUSE_KAFKA_GROUP", f"{streams.prefix}-other")
    assert streams.stream(topic)[1]["landed"] == 0


def test_sigterm_lands_what_is_in_hand(streams: "Streams") -> None:
    topic = streams.topic()
    loader = streams.loader(topic, WATCHHOUSE_KAFKA_BATCH_SECONDS="60")
    streams.send(topic, [event(0)])
    reading = threading.Event()
    with closing(streams.admin()) as admin:
        eventually(lambda: bool(admin.list_groups()), "the loader joins")
    # Nothing is due for a minute: what is in hand is landed only because it is asked to leave.
    timer = threading.Timer(4, reading.set)
    timer.start()
    reading.wait()
    assert streams.landed() == Counter()
    code, printed, said = streams.stop(loader)
    assert (code, json.loads(printed)["landed"]) == (0, 1), said
    assert streams.landed() == once(range(1))


def test_kill_9_in_a_loop(streams: "Streams") -> None:
    topic = streams.topic(partitions=2)
    name = {"WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID": "one", "WATCHHOUSE_KAFKA_BATCH_ROWS": "100"}
    sent = 0
    for _ in range(4):
        before = len(streams.lake.entries())
        loader = streams.loader(topic, **name)
        streams.send(topic, [event(n) for n in range(sent, sent + 2000)])
        sent += 2000
        eventually(lambda: len(streams.lake.entries()) > before, "a batch")  # noqa: B023
        loader.kill()
        loader.wait()
    loader = streams.loader(topic, **name)
    eventually(lambda: streams.landed().total() >= sent, "the rest")
    assert streams.stop(loader)[0] == 0
    assert streams.landed() == once(range(sent))


def test_loaders_share_partitions_and_take_over(streams: "Streams") -> None:
    if not streams.broker.is_real:
        pytest.skip("the broker from pip never gives up on a member that is silent")
    topic = streams.topic(partitions=4)
    first = streams.loader(topic, WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID="a")
    streams.send(topic, [event(n) for n in range(1000)])
    eventually(lambda: streams.landed().total() >= 1000, "the first lands")
    second = streams.loader(topic, WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID="b")
    for start in range(1000, 4000, 500):
        streams.send(topic, [event(n) for n in range(start, start + 500)])
    eventually(lambda: streams.landed().total() >= 4000, "both land")
    first.kill()
    streams.send(topic, [event(n) for n in range(4000, 5000)])
    eventually(lambda: streams.landed().total() >= 5000, "the second takes over")
    assert streams.stop(second)[0] == 0
    assert streams.landed() == once(range(5000))


def test_a_loader_that_was_stopped_for_long_doubles_nothing(streams: "Streams") -> None:
    if not streams.broker.is_real:
        pytest.skip("the broker from pip never gives up on a member that is silent")
    topic = streams.topic()
    zombie = streams.loader(topic, WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID="a")
    streams.send(topic, [event(n) for n in range(100)])
    eventually(lambda: streams.landed().total() >= 100, "the first lands")
    os.kill(zombie.pid, signal.SIGSTOP)
    streams.send(topic, [event(n) for n in range(100, 200)])
    heir = streams.loader(topic, WATCHHOUSE_KAFKA_GROUP_INSTANCE_ID="b")
    eventually(lambda: streams.landed().total() >= 200, "the heir takes over")
    os.kill(zombie.pid, signal.SIGCONT)
    streams.send(topic, [event(n) for n in range(200, 300)])
    eventually(lambda: streams.landed().total() >= 300, "all of it")
    assert streams.stop(heir)[0] == 0
    assert streams.stop(zombie)[0] == 0
    assert streams.landed() == once(range(300))


def test_messages_lost_at_the_broker_are_a_counted_gap(streams: "Streams") -> None:
    if not streams.broker.is_real:
        pytest.skip("the broker from pip cannot delete messages")
    topic = streams.topic()
    streams.send(topic, [event(n) for n in range(10)])
    assert streams.stream(topic)[1]["landed"] == 10
    streams.send(topic, [event(n) for n in range(10, 40)])
    with closing(streams.admin()) as admin:
        admin.delete_records({TopicPartition(topic, 0): 25})
    code, summary, said = streams.stream(topic)
    assert (code, summary["landed"], summary["gaps"]) == (0, 15, 15)
    assert "the broker has lost 15 messages" in said
    entry = streams.lake.entries()[-1]["kafka"]
    assert (entry["start_offset"], entry["end_offset"], entry["gap_count"]) == (10, 40, 15)


def test_a_topic_made_anew_is_read_from_its_start(streams: "Streams") -> None:
    if not streams.broker.is_real:
        pytest.skip("the broker from pip gives topics no identity")
    topic = streams.topic()
    loader = streams.loader(topic)
    streams.send(topic, [event(n) for n in range(20)])
    eventually(lambda: streams.landed().total() >= 20, "the first life")
    with closing(streams.admin()) as admin:
        admin.delete_topics([topic])
        eventually(lambda: topic not in admin.list_topics(), "the topic goes")
    streams.topic()
    # More than before: the offset at which the loader was exists in the new topic, too.
    streams.send(topic, [event(n) for n in range(100, 150)])
    eventually(lambda: streams.landed().total() >= 70, "the second life")
    code, _, said = streams.stop(loader)
    assert code == 0, said
    assert streams.landed() == once(range(20)) + once(range(100, 150))
    assert len({entry["kafka"]["generation"] for entry in streams.lake.entries()}) == 2


def test_a_log_that_ends_before_the_ledger_stops_with_the_remedy(
    streams: "Streams", monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = streams.topic()
    streams.send(topic, [event(n) for n in range(10)])
    assert streams.stream(topic)[0] == 0
    (path,) = streams.lake.home.glob("raw/ledger/*/*.json")
    entry: dict[str, Any] = json.loads(path.read_text())
    entry["kafka"]["end_offset"] = 1000
    path.write_text(json.dumps(entry) + "\n")

    code, _, said = streams.stream(topic)
    assert code == 1
    assert "ends at offset 10, but messages up to 1000 have been landed" in said
    assert "WATCHHOUSE_KAFKA_GENERATION" in said

    monkeypatch.setenv("WATCHHOUSE_KAFKA_GENERATION", "again")
    assert streams.stream(topic)[1]["landed"] == 10


def test_a_topic_that_is_not_there(streams: "Streams") -> None:
    if not streams.broker.is_real:
        pytest.skip("the broker from pip makes every topic that is asked for")
    code, _, said = streams.stream(f"{streams.prefix}-none")
    assert code == 1
    assert "there is no topic" in said


def test_nobody_at_the_address_is_said_once_and_waited_for(streams: "Streams") -> None:
    loader = streams.loader("x", WATCHHOUSE_KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert loader.stderr is not None
    for line in loader.stderr:
        if "no broker answers at 127.0.0.1:1" in line:
            break
    code, _, said = streams.stop(loader)
    assert code == 0
    assert "no broker answers" not in said
