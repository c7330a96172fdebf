"""Of the batches that start at one offset, one counts, whoever writes the other and when."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.columns import STREAMS
from ingest.mappings import Mapping
from ingest.streaming.chains import Chains, Log
from ingest.streaming.messages import Messages
from ingest.streaming.micro_batches import Lander, MicroBatch
from ingest.streaming.topics import Topic
from watchhouse.layout import Home
from watchhouse.ledger import Entry, Ledger
from watchhouse.pseudonyms import Pseudonymiser

LOG = Log("c", "events", "g1", 0)
TOPIC = Topic("events", STREAMS["watch_events"], Mapping())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def entry(start: int, end: int, *, log: Log = LOG, day: int = 1) -> Entry:
    return Entry(
        batch_id=log.batch_id(start),
        stream="watch_events",
        source="default",
        source_kind="kafka",
        source_uri=log.uri,
        landed_at=datetime(2026, 11, day, tzinfo=UTC),
        content_hash=log.batch_id(start),
        mapping={},
        read_count=0,
        rejected_count=0,
        landed_count=0,
        kafka={**vars(log), "start_offset": start, "end_offset": end},
    )


def batch(start: int, end: int) -> MicroBatch:
    offsets = list(range(start, end))
    values: list[bytes | None] = [b'{"event_id":"e%d"}' % n for n in offsets]
    messages = Messages(offsets, values, [None] * len(offsets), [-1] * len(offsets))
    return MicroBatch(TOPIC, LOG, start, messages)


def test_the_id_is_made_from_the_start_and_not_from_the_end() -> None:
    assert LOG.batch_id(5) == Log("c", "events", "g1", 0).batch_id(5)
    others = [LOG.batch_id(6)]
    others += [replace(LOG, generation="g2").batch_id(5), replace(LOG, partition=1).batch_id(5)]
    others += [replace(LOG, cluster="d").batch_id(5), replace(LOG, topic="other").batch_id(5)]
    assert len({LOG.batch_id(5), *others}) == 6
    assert replace(LOG, topic="a/b c").uri == "kafka://c/a%2Fb%20c?generation=g1&partition=0"


def test_one_batch_follows_an_offset(home: Home) -> None:
    one, other = Chains(home), Chains(home)
    one.refresh()
    other.refresh()
    assert one.commit(LOG, entry(0, 10))
    assert not other.commit(LOG, entry(0, 12)), "the name is taken"
    assert other.end(LOG) == 10, "and it knows where the winner ended"
    assert other.commit(LOG, entry(10, 15))
    assert not one.commit(LOG, entry(10, 11))
    assert one.end(LOG) == 15


def test_a_batch_that_follows_none_is_refused(home: Home) -> None:
    chains = Chains(home)
    chains.refresh()
    assert not chains.commit(LOG, entry(3, 10)), "a log starts at its beginning"
    assert chains.commit(LOG, entry(0, 10))
    for start in (0, 5, 12):
        assert not chains.commit(LOG, entry(start, 20))
    assert chains.commit(replace(LOG, partition=1), entry(0, 4, log=replace(LOG, partition=1)))


def test_two_batches_on_either_side_of_midnight(home: Home) -> None:
    one, other = Chains(home), Chains(home)
    one.refresh()
    other.refresh()
    assert one.commit(LOG, entry(0, 10, day=1))
    assert not other.commit(LOG, entry(0, 12, day=2))


def test_a_process_that_slept_for_days_sees_what_was_folded_meanwhile(home: Home) -> None:
    now = [0.0]
    sleeper = Chains(home, clock=lambda: now[0])
    sleeper.refresh()
    other = Chains(home)
    other.refresh()
    assert other.commit(LOG, entry(0, 10))
    (path,) = home.ledger.rglob("*.json")
    path.rename(path.with_name("folded.json"))
    now[0] = 3 * 86_400.0
    assert not sleeper.commit(LOG, entry(0, 12))
    assert sleeper.end(LOG) == 10


def test_the_loser_of_a_race_leaves_the_files_of_the_winner(home: Home) -> None:
    pseudonymiser = Pseudonymiser(bytes(32))
    landers = []
    for _ in range(2):
        chains = Chains(home)
        chains.refresh()
        landers.append(Lander(home, chains, pseudonymiser))
    for lander, end in zip(landers, (10, 12), strict=True):
        lander.put([batch(0, end)])
    (one,), (other,) = (lander.collect() for lander in landers)
    for lander in landers:
        lander.close()

    assert (one.entry is None) != (other.entry is None)
    ledger = Ledger(home)
    ledger.refresh()
    (landed,) = ledger.entries()
    assert landed.kafka is not None
    assert landed.landed_count == landed.kafka["end_offset"]
    (file,) = landed.files
    assert [p.relative_to(home.root).as_posix() for p in home.raw.rglob("*.parquet")] == [file.path]
    assert not list(home.landing.iterdir())


def test_offsets_that_are_missing_are_counted(home: Home) -> None:
    chains = Chains(home)
    chains.refresh()
    lander = Lander(home, chains, Pseudonymiser(bytes(32)))
    late = batch(7, 10)
    lander.put([replace(late, start=0)])
    ((landing),) = lander.collect()
    lander.close()
    assert landing.entry is not None
    assert landing.entry.kafka == {
        **vars(LOG),
        "start_offset": 0,
        "end_offset": 10,
        "gap_count": 7,
        "null_count": 0,
    }
