"""Readers see whole releases, keep theirs while the next comes, and stand in nobody's way."""

import shutil
import threading
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from typing import Any

import pytest

from watchhouse.collection import collect, sweep
from watchhouse.errors import NoReleaseError, WatchhouseError
from watchhouse.layout import Home
from watchhouse.releases import (
    STEPS_OF_LOOK_UPS,
    Follower,
    Release,
    current_manifest,
    current_release_id,
    open_current,
)

DAYS = [date(2026, 3, 2) + timedelta(days=number) for number in range(6)]
COUNT = "select count(*) from fct_plays"


def publish_some(build: Any, count: int) -> None:
    """Publish `count` releases, each with one batch more and one day more."""
    for number in range(count):
        build.add(f"batch-{len(build.batches)}", [DAYS[number]])
        build.publish()


def collect_now(build: Any, *, keep: int, thorough: bool = False) -> tuple[int, ...]:
    return collect(
        build.home,
        keep=keep,
        grace=timedelta(0),
        # Past the time stamps of the folders, which have a precision of their own.
        now=datetime.now(UTC) + timedelta(seconds=1),
        thorough=thorough,
    )


def test_before_the_first_release_the_remedy_is_named(home: Home) -> None:
    assert current_release_id(home) is None
    with pytest.raises(NoReleaseError, match="make demo"):
        open_current(home)


def test_a_pointer_to_nothing_is_told_apart(small_build: Any) -> None:
    publish_some(small_build, 1)
    shutil.rmtree(small_build.home.releases / "1")

    with pytest.raises(NoReleaseError, match="points to release 1, which is not there"):
        open_current(small_build.home)


def test_a_release_that_may_not_be_read_is_named(small_build: Any) -> None:
    publish_some(small_build, 1)
    folder = small_build.home.releases / "1"
    shutil.rmtree(folder)
    # As good as a closed folder, which root could open all the same.
    folder.touch()

    with pytest.raises(WatchhouseError, match=r"releases/1/lock cannot be read: Not a directory"):
        open_current(small_build.home)


def test_a_reader_needs_no_schema_names_and_cannot_write(small_build: Any) -> None:
    publish_some(small_build, 1)

    with open_current(small_build.home) as release:
        assert release.cursor().execute(COUNT).fetchone() == (10,)
        assert release.cursor().execute("select count(*) from shows_snapshot").fetchone() == (0,)
        assert release.manifest == current_manifest(small_build.home)
        with pytest.raises(Exception, match="read-only"):
            release.cursor().execute("create table marts.x as select 1")


def test_look_ups_read_the_same_on_one_core(small_build: Any) -> None:
    publish_some(small_build, 1)

    with open_current(small_build.home) as release:
        cursors = (release.cursor(), release.look_up_cursor())
        for sql in (COUNT, "select count(*) from shows_snapshot", "from release"):
            first, second = (cursor.execute(sql).fetchall() for cursor in cursors)
            assert first == second
        settings = "select current_setting('threads'), current_setting('TimeZone')"
        assert cursors[1].execute(settings).fetchone() == (1, "UTC")
        # Those that are not left out are still called so by the engine.
        kept = """
            select name from duckdb_optimizers()
            where name not in (
                select unnest(string_split(current_setting('disabled_optimizers'), ','))
            )
        """
        assert {name for (name,) in cursors[1].execute(kept).fetchall()} == STEPS_OF_LOOK_UPS
        with pytest.raises(Exception, match="read-only"):
            cursors[1].execute("create table warehouse.marts.x as select 1")


def test_a_reader_keeps_its_release_while_the_next_is_published_and_collected(
    small_build: Any,
) -> None:
    publish_some(small_build, 1)
    with open_current(small_build.home) as release:
        small_build.run(f"delete from marts.fct_plays where started_date = date '{DAYS[0]}'")
        small_build.run(f"insert into intermediate.int_changed_days values (date '{DAYS[0]}')")
        small_build.publish()

        assert collect_now(small_build, keep=1) == ()
        assert release.cursor().execute(COUNT).fetchone() == (10,)

    assert collect_now(small_build, keep=1) == (1,)
    assert small_build.read("select count(*) from marts.fct_plays") == [(0,)]
    assert list((small_build.home.releases / "parts").glob("*/*/*")) == []


def test_the_newest_stay_with_every_file_they_need(small_build: Any) -> None:
    publish_some(small_build, 4)

    assert collect_now(small_build, keep=2) == (2, 1)

    assert small_build.read("select count(*) from marts.fct_plays") == [(40,)]
    assert small_build.read("select count(*) from marts.fct_plays", release="3") == [(30,)]
    assert collect_now(small_build, keep=2) == ()


def test_releases_stay_for_a_while_for_readers_without_a_lock(small_build: Any) -> None:
    publish_some(small_build, 2)

    now = datetime.now(UTC)
    assert collect(small_build.home, keep=1, grace=timedelta(minutes=1), now=now) == ()
    later = now + timedelta(minutes=2)
    assert collect(small_build.home, keep=1, grace=timedelta(minutes=1), now=later) == (1,)


def test_the_release_that_is_pointed_to_stays_even_if_it_is_old(small_build: Any) -> None:
    publish_some(small_build, 3)
    small_build.home.current.unlink()
    small_build.home.current.symlink_to("releases/1")

    assert collect_now(small_build, keep=1) == (2,)
    assert small_build.read("select count(*) from marts.fct_plays") == [(10,)]


def test_what_crashes_left_is_swept(small_build: Any) -> None:
    publish_some(small_build, 1)
    home = small_build.home
    (home.releases / ".tmp-2-123").mkdir()
    (home.root / ".current-123").symlink_to("releases/2")
    orphan = home.releases / "parts" / "fct_plays" / "started_date=2020-01-01" / "2.parquet"
    orphan.parent.mkdir()
    orphan.touch()

    assert sweep(home)
    collect_now(small_build, keep=1, thorough=True)

    assert not orphan.parent.exists()
    assert [path.name for path in home.releases.iterdir() if path.name.startswith(".")] == []
    assert not sweep(home)
    assert small_build.read("select count(*) from marts.fct_plays") == [(10,)]


def test_no_file_is_removed_while_a_kept_release_cannot_be_understood(small_build: Any) -> None:
    publish_some(small_build, 3)
    (small_build.home.releases / "2" / "manifest.json").write_text("{")

    with pytest.raises(WatchhouseError, match=r"manifest\.json"):
        collect_now(small_build, keep=2)

    assert len(list((small_build.home.releases / "parts").glob("*/*/*"))) == 3


def test_a_follower_moves_on_when_the_pointer_does(small_build: Any) -> None:
    publish_some(small_build, 1)
    follower = Follower(small_build.home)
    with follower.reading() as old:
        cursor = old.cursor()
        small_build.add("next", [DAYS[1]])
        small_build.publish()
        with follower.reading() as new:
            assert new.manifest.release_id == 2
            assert new.cursor().execute(COUNT).fetchone() == (20,)
        # The old one is still good for whoever has it, and nobody collects it.
        assert cursor.execute(COUNT).fetchone() == (10,)
        assert collect_now(small_build, keep=1) == ()
    # Its last reader has closed it.
    assert collect_now(small_build, keep=1) == (1,)
    follower.close()


def test_a_follower_stays_when_the_new_release_is_damaged(
    small_build: Any, caplog: pytest.LogCaptureFixture
) -> None:
    publish_some(small_build, 1)
    follower = Follower(small_build.home)
    with follower.reading():
        pass
    small_build.publish()
    damaged = small_build.home.releases / "2" / "warehouse.duckdb"
    damaged.chmod(0o644)
    damaged.write_bytes(b"no database")

    for _ in range(2):
        with follower.reading() as release:
            assert release.manifest.release_id == 1
    assert len(caplog.messages) == 1
    follower.close()


def test_many_threads_follow_without_a_broken_query(small_build: Any) -> None:
    publish_some(small_build, 1)
    follower = Follower(small_build.home)
    published = threading.Event()
    answers: list[tuple[int, int]] = []
    errors: list[BaseException] = []

    def read() -> None:
        kinds = cycle([Release.cursor, Release.look_up_cursor])
        try:
            while True:
                last = published.is_set()
                with follower.reading() as release:
                    cursor = next(kinds)(release)
                    row = cursor.execute(COUNT).fetchone()
                    answers.append((release.manifest.release_id, row[0] if row else -1))
                if last:
                    return
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 5):
        small_build.add(f"more-{number}", [DAYS[number]])
        small_build.publish()
        collect_now(small_build, keep=1)
    published.set()
    for reader in readers:
        reader.join()
    follower.close()

    assert errors == []
    assert {count // 10 for release_id, count in answers if count == release_id * 10} >= {5}
    assert all(count == release_id * 10 for release_id, count in answers)
