"""One way of reading a topic, as a process: `consuming.py WAY SERVERS TOPIC COUNT FOLDER`.

Prints the seconds from the start of reading to the last of COUNT messages.
"""

import json
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Final

_PARTITIONS: Final = 3
_USERS: Final = 50_000


def send(servers: str, topic: str, count: int, _: Path) -> float:
    """Send `count` events, as a player would report them."""
    from kafka import KafkaAdminClient, KafkaProducer  # noqa: PLC0415
    from kafka.admin import NewTopic  # noqa: PLC0415

    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(topic, _PARTITIONS, 1)])
    admin.close()
    producer = KafkaProducer(
        bootstrap_servers=servers, compression_type="lz4", linger_ms=20, batch_size=256 * 1024
    )
    begun = time.monotonic()
    for number in range(count):
        user = f"user-{number * 7919 % _USERS:06d}"
        value = (
            f'{{"event_id":"e{number:09d}","user_id":"{user}","show_name":"Show {number % 300}",'
            f'"season":{1 + number % 4},"episode":{1 + number % 10},'
            f'"watch_date":"2026-11-{1 + number % 20:02d}T{number % 24:02d}:15:00Z",'
            f'"watch_duration_minutes":{number % 90},"device":"tv","country":"DE"}}'
        )
        producer.send(topic, value.encode(), key=user.encode())
    producer.flush()
    producer.close()
    return time.monotonic() - begun


def _consumer(servers: str, topic: str) -> Any:  # noqa: ANN401 - ships no types
    from kafka import KafkaConsumer  # noqa: PLC0415

    return KafkaConsumer(
        topic,
        bootstrap_servers=servers,
        group_id=uuid.uuid4().hex,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=5_000,
        fetch_max_bytes=32 * 1024 * 1024,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        fetch_max_wait_ms=50,
        receive_message_max_bytes=1_000_000_000,
        metrics_enabled=False,
    )


def empty(servers: str, topic: str, count: int, _: Path) -> float:
    """Poll, and do nothing with what comes."""
    consumer = _consumer(servers, topic)
    found, begun = 0, 0.0
    while found < count:
        records = consumer.poll(timeout_ms=100)
        begun = begun or (time.monotonic() if records else 0.0)
        found += sum(map(len, records.values()))
    seconds = time.monotonic() - begun
    consumer.close(autocommit=False)
    return seconds


def rows(servers: str, topic: str, count: int, folder: Path) -> float:
    """Decode each message by itself, and write each ten thousand with pandas."""
    import pandas as pd  # noqa: PLC0415

    consumer = _consumer(servers, topic)
    gathered: list[dict[str, Any]] = []
    found, begun, parts = 0, 0.0, 0
    while found < count:
        records = consumer.poll(timeout_ms=100)
        begun = begun or (time.monotonic() if records else 0.0)
        for messages in records.values():
            for message in messages:
                event = json.loads(message.value)
                event["offset"], event["partition"] = message.offset, message.partition
                gathered.append(event)
                found += 1
        if len(gathered) >= 10_000 or found >= count:  # noqa: PLR2004 - as such pipelines do
            pd.DataFrame(gathered).to_parquet(folder / f"part-{parts}.parquet")
            gathered, parts = [], parts + 1
    seconds = time.monotonic() - begun
    consumer.close(autocommit=False)
    return seconds


def confluent(servers: str, topic: str, count: int, _: Path) -> float:
    """Poll with the client that is written in C, and do nothing with what comes."""
    from confluent_kafka import Consumer  # noqa: PLC0415

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    found, begun = 0, 0.0
    while found < count:
        messages = consumer.consume(5_000, 0.1)
        begun = begun or (time.monotonic() if messages else 0.0)
        found += len(messages)
    seconds = time.monotonic() - begun
    consumer.close()
    return seconds


def watchhouse(servers: str, topic: str, count: int, folder: Path) -> float:
    """Land the topic, the usual way."""
    from ingest.streaming.loader import StreamLoader  # noqa: PLC0415
    from ingest.streaming.topics import read_topics  # noqa: PLC0415
    from watchhouse.pseudonyms import Pseudonymiser  # noqa: PLC0415
    from watchhouse.settings import Settings  # noqa: PLC0415

    settings = Settings(home=folder, kafka_bootstrap_servers=servers, kafka_group=uuid.uuid4().hex)
    stop = threading.Event()
    begun = [0.0, 0.0]
    loader = StreamLoader(
        settings,
        read_topics([topic]),
        home=settings.layout(),
        pseudonymiser=Pseudonymiser(bytes(32)),
        received=lambda: begun.__setitem__(0, begun[0] or time.monotonic()),
    )

    def watch() -> None:
        while loader.progress.landed < count:
            time.sleep(0.005)
        begun[1] = time.monotonic()
        stop.set()

    threading.Thread(target=watch, daemon=True).start()
    loader.run(stop)
    return begun[1] - begun[0]


def main() -> None:
    """Run one way."""
    way, servers, topic, count, folder = sys.argv[1:]
    sys.path.insert(0, str(Path.cwd()))
    seconds = globals()[way](servers, topic, int(count), Path(folder))
    sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
