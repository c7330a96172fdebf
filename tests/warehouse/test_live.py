"""The live tail: what builds will find, before they do."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.mappings import Mapping
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Workshop
from watchhouse.errors import NoReleaseError
from watchhouse.live import Live, LiveShow

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_the_tail_holds_what_no_release_does(workshop: Workshop, lake: Lake) -> None:
    live = Live(workshop.home)
    with pytest.raises(NoReleaseError):
        live.read(now=NOW)
    published = play("ann", "Dune", "2026-10-01T08:00:00Z", 60, event_id="e1")
    lake.events("published", published)
    workshop.run()
    first = workshop.publish(strictly=False)

    empty = live.read(now=NOW)
    assert (empty.release_id, empty.batch_count, empty.play_count) == (first, 0, 0)
    assert empty.top_shows == ()

    lake.events(
        "new",
        published,
        play("bob", "Dune", "2026-10-01T10:00:00Z", 30, event_id="e2"),
        play("bob", "Dune", "2026-10-01T10:00:00Z", 45, event_id="e2"),
        play("ann", " Dune ", "2026-10-01T11:00:00Z", 15, event_id="e3"),
        play("ann", "Alien", "2026-10-01T11:30:00Z", 60, event_id="e4"),
        play("ann", "Alien", "2026-10-01T11:30:00Z", 0, event_id="e5"),
        play("cid", "Alien", "not a date", 60, event_id="e6"),
    )
    lake.catalog("shows", {"show_id": "1", "show_name": "Dune"})
    tail = live.read(now=NOW)
    assert tail.is_provisional
    assert (tail.batch_count, tail.landed_count) == (1, 7)
    assert (tail.quarantined_count, tail.duplicate_count) == (1, 2)
    assert (tail.play_count, tail.user_count, tail.hours_viewed) == (3, 2, 2.0)
    # Both have an hour: then by name.
    assert tail.top_shows == (LiveShow("Alien", 1, 1, 1.0), LiveShow("Dune", 2, 2, 1.0))
    recent = live.read(now=datetime(2026, 10, 1, 12, tzinfo=UTC), minutes=60)
    assert (recent.play_count, recent.hours_viewed) == (2, 1.25)

    lake.events("newer", play("dan", "Alien", "2026-10-01T09:00:00Z", 30))
    assert live.read(now=NOW).play_count == 4

    workshop.run()
    built_from = set(workshop.home.raw.rglob("*.parquet"))
    lake.events("last", play("eve", "Alien", "2026-10-01T09:00:00Z", 30))
    assert live.read(now=NOW).play_count == 5
    second = workshop.publish(strictly=False)
    # The next release ships the same SQL: what was judged by it is not read again.
    (last,) = (path for path in workshop.home.raw.rglob("*.parquet") if path not in built_from)
    whole = last.read_bytes()
    last.write_bytes(b"damaged")
    left = live.read(now=NOW)
    assert (left.release_id, left.batch_count, left.landed_count) == (second, 1, 1)
    assert left.play_count == 1
    last.write_bytes(whole)
    workshop.run()
    third = workshop.publish(strictly=False)
    built = live.read(now=NOW)
    assert (built.release_id, built.batch_count, built.landed_count) == (third, 0, 0)
    reader = workshop.home.current
    assert reader.exists()
    live.close()


def test_a_batch_that_another_replaces_leaves_the_tail(workshop: Workshop, lake: Lake) -> None:
    workshop.run()
    workshop.publish(strictly=False)
    lake.events("log", {**play("ann", "Dune", "01.10.2026 08:00", 60), "event_id": "e1"})
    live = Live(workshop.home)
    assert live.read(now=NOW).quarantined_count == 1

    lake.land_file("watch_events", "log", mapping=Mapping(watch_date_format="%d.%m.%Y %H:%M"))

    tail = live.read(now=NOW)
    # No build has met this format, so that the shipped SQL cannot read it.
    assert (tail.batch_count, tail.unread_batch_count, tail.landed_count) == (0, 1, 0)
    workshop.run()
    workshop.publish(strictly=False)
    lake.land(
        "watch_events",
        [play("bob", "Dune", "02.10.2026 08:00", 60)],
        name="log2",
        mapping=Mapping(watch_date_format="%d.%m.%Y %H:%M"),
        landed_at=NOW + timedelta(days=1),
    )
    tail = live.read(now=NOW)
    assert (tail.unread_batch_count, tail.play_count) == (0, 1)
    live.close()
