"""A publication writes what changed, whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from watchhouse.errors import PublishError
from watchhouse.layout import Home
from watchhouse.manifests import ReleaseManifest, database_of
from watchhouse.marts import Mart
from watchhouse.metrics import load_metrics
from watchhouse.publishing import refusal
from watchhouse.state import BuildState, LastRun

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def part_files(build: Any) -> set[str]:
    folder = build.home.releases / "parts"
    return {path.relative_to(folder).as_posix() for path in folder.glob("*/*/*")}


def _versions(marts: set[str]) -> dict[str, str]:
    return {metric.name: metric.version for metric in load_metrics() if metric.mart in marts}


def test_a_release_holds_the_marts_with_their_exact_types(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()

    described = small_build.run("describe marts.fct_plays")
    assert small_build.read("describe marts.fct_plays") == described
    rows = small_build.run("from marts.fct_plays order by all")
    assert len(rows) == 20
    assert small_build.read("from marts.fct_plays order by all") == rows


def test_a_manifest_says_what_is_in_the_release(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.add("b", [TUESDAY])

    manifest = small_build.publish()

    assert manifest.release_id == 1
    assert manifest.batch_count == 2
    assert manifest.data_as_of == datetime(2026, 3, 3, 0, 9, tzinfo=UTC)
    assert manifest.marts["fct_plays"].row_count == 30
    assert [part.row_count for part in manifest.marts["fct_plays"].parts or ()] == [10, 20]
    assert manifest.marts["dim_shows"].parts is None
    assert small_build.read("select release_id, code_version from meta.release") == [(1, "c0de")]


def test_a_release_of_nothing_is_typed_and_empty(small_build: Any) -> None:
    manifest = small_build.publish()

    assert manifest.data_as_of is None
    assert small_build.read("select count(*) from marts.fct_plays") == [(0,)]
    described = small_build.run("describe marts.fct_plays")
    assert small_build.read("describe marts.fct_plays") == described


def test_only_changed_days_are_written_again(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.add("b", [TUESDAY, WEDNESDAY])
    small_build.publish()

    assert part_files(small_build) == {
        "fct_plays/started_date=2026-03-02/1.parquet",
        "fct_plays/started_date=2026-03-03/1.parquet",
        "fct_plays/started_date=2026-03-03/2.parquet",
        "fct_plays/started_date=2026-03-04/2.parquet",
    }
    counts = "select started_date, count(*) from marts.fct_plays group by all order by all"
    assert small_build.read(counts) == [(MONDAY, 10), (TUESDAY, 20), (WEDNESDAY, 10)]
    assert small_build.read(counts, release="1") == [(MONDAY, 10), (TUESDAY, 10)]


def test_a_day_that_only_grew_gets_one_more_file(small_build: Any) -> None:
    def counts(manifest: ReleaseManifest) -> list[int]:
        assert small_build.read("from marts.fct_plays order by all") == small_build.run(
            "from marts.fct_plays order by all"
        )
        return [part.row_count for part in manifest.marts["fct_plays"].parts or ()]

    small_build.add("a", [MONDAY], plays=100)
    small_build.add("b", [TUESDAY])
    release = small_build.publish()
    small_build.add("c", [MONDAY])
    release = small_build.publish(base=release)
    assert counts(release) == [100, 10, 10]
    # Files of about its size become one with what is new.
    small_build.add("d", [MONDAY], plays=5)
    release = small_build.publish(base=release)
    assert counts(release) == [100, 15, 10]
    # Nothing is new on a day that was touched.
    small_build.run(f"insert into intermediate.int_changed_days values (date '{MONDAY}')")
    release = small_build.publish(base=release)
    assert counts(release) == [100, 15, 10]
    small_build.add("e", [MONDAY], plays=60)
    release = small_build.publish(base=release)
    assert counts(release) == [175, 10]
    small_build.add("f", [MONDAY, WEDNESDAY])
    release = small_build.publish(base=release)
    assert counts(release) == [175, 10, 10, 10]
    # What came out otherwise is written whole, and so is what nobody called new.
    small_build.run(
        "update marts.fct_plays set watched_minutes = 0 where batch_id = 'c';"
        f"insert into history.rewritten_days values ('fct_plays', date '{MONDAY}');"
        f"insert into intermediate.int_changed_days values (date '{MONDAY}')"
    )
    release = small_build.publish(base=release)
    assert counts(release) == [185, 10, 10]
    small_build.add("g", [MONDAY])
    small_build.run(
        "insert into marts.fct_plays by name"
        f" select * replace (uuid() as play_id, date '{WEDNESDAY}' as started_date)"
        f" from marts.fct_plays where started_date = date '{TUESDAY}'"
    )
    release = small_build.publish(base=release)
    assert counts(release) == [185, 10, 10, 20]
    # A full publication brings a day together.
    small_build.add("h", [MONDAY])
    assert counts(small_build.publish()) == [205, 10, 20]


def test_a_day_that_lost_all_its_rows_leaves_the_release(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.run(f"delete from marts.fct_plays where started_date = date '{MONDAY}'")
    small_build.run(f"insert into intermediate.int_changed_days values (date '{MONDAY}')")
    small_build.publish()

    days = "select distinct started_date from marts.fct_plays"
    assert small_build.read(days) == [(TUESDAY,)]


def test_rows_of_a_day_that_nobody_called_changed_are_found(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    small_build.run("insert into marts.fct_plays from marts.fct_plays limit 3")
    small_build.run(f"delete from marts.fct_plays where started_date = date '{TUESDAY}'")
    small_build.publish()

    assert small_build.read("select count(*) from marts.fct_plays") == [(13,)]


def test_a_part_that_was_deleted_is_written_again(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY])
    small_build.publish()
    parts = small_build.home.releases / "parts" / "fct_plays"
    (parts / f"started_date={MONDAY}" / "1.parquet").unlink()
    small_build.publish()

    assert small_build.read("select count(*) from marts.fct_plays") == [(20,)]


def test_a_filter_on_the_day_opens_only_its_file(small_build: Any) -> None:
    small_build.add("a", [MONDAY, TUESDAY, WEDNESDAY])
    small_build.publish()
    parts = small_build.home.releases / "parts" / "fct_plays"
    for day in (MONDAY, WEDNESDAY):
        (parts / f"started_date={day}" / "1.parquet").write_bytes(b"not Parquet")

    # The first file gives the types, which the view casts; only Tuesday's is read for rows.
    (parts / f"started_date={MONDAY}" / "1.parquet").write_bytes(
        (parts / f"started_date={TUESDAY}" / "1.parquet").read_bytes()
    )
    only = f"select count(*) from marts.fct_plays where started_date = date '{TUESDAY}'"
    assert small_build.read(only) == [(10,)]
    with pytest.raises(duckdb.Error):
        small_build.read("select sum(watched_minutes) from marts.fct_plays")


def test_a_home_in_a_folder_named_like_a_partition_misleads_nobody(
    build_in: Any, tmp_path: Path
) -> None:
    build = build_in(Home(tmp_path / "batch_id=other" / "home"))
    build.add("a", [MONDAY, TUESDAY])
    build.publish()

    assert build.read("select distinct batch_id from marts.fct_plays") == [("a",)]


def test_publication_is_remembered_and_the_logs_are_empty(small_build: Any) -> None:
    small_build.add("a", [MONDAY])
    small_build.publish()
    small_build.add("b", [TUESDAY])
    small_build.publish()

    published = small_build.run("select batch_id, release_id from history.published_batches")
    assert published == [("a", 1), ("b", 2)]
    assert small_build.run("select count(*) from intermediate.int_changed_days") == [(0,)]
    assert small_build.run("select count(*) from intermediate.int_changed_spans") == [(0,)]
    parts = small_build.run(
        "select part_date, path, row_count from history.release_parts order by 1"
    )
    assert parts == [
        (MONDAY, f"releases/parts/fct_plays/started_date={MONDAY}/1.parquet", 10),
        (TUESDAY, f"releases/parts/fct_plays/started_date={TUESDAY}/2.parquet", 10),
    ]


def test_a_core_release_leaves_the_other_marts_as_they_were(small_build: Any) -> None:
    small_build.add("a", [MONDAY])
    small_build.run("insert into marts.dim_shows values ('old', null)")
    full = small_build.publish()
    small_build.add("b", [MONDAY, TUESDAY])
    # As a full build leaves it that failed: changed, and not tested.
    small_build.run("insert into marts.dim_shows values ('untested', null)")

    core = small_build.publish(base=full)

    assert (full.selection, core.selection) == ("full", "core")
    # Its one mart with metrics is new; what the marts that stayed were made for stays.
    assert core.metric_versions == full.metric_versions == _versions({"fct_plays"})
    assert small_build.read("select count(*) from marts.fct_plays") == [(30,)]
    assert small_build.read("from marts.dim_shows") == [("old", None)]
    assert small_build.read("select table_name from duckdb_indexes()") == [("dim_shows",)]
    assert core.marts["dim_shows"] == full.marts["dim_shows"]
    assert set(core.older_marts()) == {"dim_shows", "shows_snapshot"}
    assert small_build.read(
        "select name, release_id, data_as_of at time zone 'UTC' from meta.models order by name"
    ) == [
        ("dim_shows", 1, datetime(2026, 3, 2, 0, 9)),  # noqa: DTZ001 - UTC without a zone
        ("fct_plays", 2, datetime(2026, 3, 3, 0, 9)),  # noqa: DTZ001
        ("shows_snapshot", 1, datetime(2026, 3, 2, 0, 9)),  # noqa: DTZ001
    ]
    views = "select comment from duckdb_views() where view_name = 'fct_plays'"
    assert small_build.read(views) == [("One row per play.",)]
    made_before = full.model_copy(update={"metric_versions": {"plays": "0", "starters": "1"}})
    later = small_build.publish(base=made_before).metric_versions
    assert later == _versions({"fct_plays"}) | {"plays": "0", "starters": "1"}


@pytest.fixture
def count(small_build: Any) -> Callable[..., None]:
    """Return what sets the rows of a mart of one row per day, `day_counts`."""
    counts = Mart(
        schema="marts",
        name="day_counts",
        description="One row per day.",
        column_descriptions={},
        partition_by=None,
        order_by=("activity_date",),
        indexes=(("activity_date",),),
        is_core=True,
        changed="activity_date in (select activity_date from intermediate.int_changed_days)",
    )
    small_build.plan = replace(small_build.plan, marts=(*small_build.plan.marts, counts))
    small_build.run("create table marts.day_counts (activity_date date, plays bigint)")

    def count(*rows: tuple[date, int]) -> None:
        listed = ", ".join(f"(date '{day}', {plays})" for day, plays in rows)
        small_build.run(
            f"delete from marts.day_counts; insert into marts.day_counts values {listed}"
        )

    return count


def test_a_core_release_replaces_only_changed_rows_of_a_table(
    small_build: Any, count: Callable[..., None]
) -> None:
    def published() -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = small_build.read("from marts.day_counts order by all")
        return rows

    small_build.add("a", [MONDAY, TUESDAY])
    count((MONDAY, 10), (TUESDAY, 10))
    full = small_build.publish()

    # Monday would be otherwise, but nothing says that it has changed.
    small_build.add("b", [TUESDAY])
    count((MONDAY, 99), (TUESDAY, 20))
    core = small_build.publish(base=full)
    assert published() == [(MONDAY, 10), (TUESDAY, 20)]
    assert core.marts["day_counts"].row_count == 2
    assert small_build.read(
        "select comment from duckdb_tables() where table_name = 'day_counts'"
    ) == [("One row per day.",)]
    assert ("day_counts",) in small_build.read("select table_name from duckdb_indexes()")

    # Neither a table that then lacks rows nor one of an earlier release will do.
    small_build.add("c", [TUESDAY])
    count((MONDAY, 99), (TUESDAY, 20), (WEDNESDAY, 5))
    small_build.publish(base=core)
    assert published() == [(MONDAY, 99), (TUESDAY, 20), (WEDNESDAY, 5)]
    small_build.add("d", [WEDNESDAY])
    count((MONDAY, 1), (TUESDAY, 1))
    small_build.publish(base=full)
    assert published() == [(MONDAY, 1), (TUESDAY, 1)]


def test_a_full_release_replaces_only_changed_rows_of_a_table_until_many_are_out_of_order(
    small_build: Any, count: Callable[..., None]
) -> None:
    days = [date(2026, 3, number) for number in range(1, 21)]
    small_build.add("a", days)
    count(*((day, 10) for day in days))
    release: ReleaseManifest = small_build.publish()
    small_build.run("insert into marts.dim_shows values ('new', null)")

    def publish() -> list[tuple[object, ...]]:
        nonlocal release
        release = small_build.publish(standing=release)
        rows: list[tuple[object, ...]] = small_build.read("from marts.day_counts")
        return rows

    # The first would be otherwise, but nothing says that it has changed: it stays, and the second
    # goes to the end. Other tables and files are written as ever.
    small_build.add("b", [days[1]])
    count((days[0], 99), (days[1], 20), *((day, 10) for day in days[2:]))
    assert publish() == [(days[0], 10), *((day, 10) for day in days[2:]), (days[1], 20)]
    assert release.selection == "full"
    assert release.marts["day_counts"].loose_count == 1
    assert small_build.read("select count(*) from marts.fct_plays") == [(210,)]
    assert small_build.read("select show_id from marts.dim_shows") == [("new",)]
    assert small_build.read("select count(*) from meta.batches") == [(2,)]

    # Three of twenty are too many for the publication after that.
    small_build.add("c", days[2:4])
    count(*((day, 30) for day in days))
    publish()
    assert release.marts["day_counts"].loose_count == 3
    small_build.add("d", [days[19]])
    count(*((day, 40) for day in days))
    assert publish() == [(day, 40) for day in days]
    assert release.marts["day_counts"].loose_count == 0

    # After a full refresh no log says what has changed.
    small_build.run("delete from history.published_batches")
    count(*((day, 50) for day in days))
    assert publish() == [(day, 50) for day in days]


def test_a_file_does_not_grow_by_what_is_written_whole_again(small_build: Any) -> None:
    small_build.add("a", [MONDAY])
    small_build.run(
        "insert into marts.dim_shows select md5(i::varchar), null from range(300_000) as t (i)"
    )
    release = small_build.publish()
    sizes = [database_of(small_build.home, release).stat().st_size]
    for batch in "bcd":
        small_build.add(batch, [MONDAY])
        release = small_build.publish(standing=release)
        sizes.append(database_of(small_build.home, release).stat().st_size)
    assert small_build.read("select count(*) from marts.dim_shows") == [(300_000,)]
    assert max(sizes) < 1.3 * sizes[0]


def test_what_only_the_core_has_seen_waits_for_the_other_marts(small_build: Any) -> None:
    full = small_build.publish()
    small_build.add("a", [MONDAY])
    core = small_build.publish(base=full)
    small_build.add("b", [MONDAY, TUESDAY])
    small_build.publish(base=core)

    waiting = "from history.waiting_int_changed_days order by all"
    assert small_build.run(waiting) == [(MONDAY,), (TUESDAY,)]
    assert small_build.run("from history.waiting_batches order by all") == [("a",), ("b",)]
    assert small_build.run("from intermediate.int_changed_days") == []

    small_build.publish()

    assert small_build.run("from history.waiting_batches") == []


def test_descriptions_reach_any_client(small_build: Any) -> None:
    small_build.publish()

    views = "select comment from duckdb_views() where view_name = 'fct_plays'"
    assert small_build.read(views) == [("One row per play.",)]
    tables = "select comment from duckdb_tables() where table_name = 'dim_shows'"
    assert small_build.read(tables) == [("One row per show. It's a dimension.",)]
    columns = "select column_name, comment from duckdb_columns() where comment is not null"
    assert set(small_build.read(columns)) == {
        ("show_id", "Key of a show."),
        ("play_id", "Key of a play."),
    }
    models = "select name, description from meta.models where name = 'fct_plays'"
    assert small_build.read(models) == [("fct_plays", "One row per play.")]


def test_native_marts_are_ordered_and_indexed(small_build: Any) -> None:
    small_build.run("insert into marts.dim_shows values ('b', ['x']), ('c', []), ('a', null)")
    small_build.publish()

    assert small_build.read("select show_id from marts.dim_shows") == [("a",), ("b",), ("c",)]
    assert small_build.read("select table_name from duckdb_indexes()") == [("dim_shows",)]


def test_a_failure_leaves_the_current_release_and_no_files(small_build: Any) -> None:
    small_build.add("a", [MONDAY])
    small_build.publish()
    before = part_files(small_build)
    small_build.add("b", [TUESDAY])
    small_build.run("drop table marts.dim_shows; drop table history.shows_snapshot")

    with pytest.raises(PublishError, match="release 2 could not be written"):
        small_build.publish()

    assert small_build.home.current.readlink() == Path("releases/1")
    assert part_files(small_build) == before
    assert [path.name for path in small_build.home.releases.iterdir() if path.name != "parts"] == [
        "1"
    ]
    assert small_build.run("select batch_id from history.published_batches") == [("a",)]


def test_a_number_is_never_used_twice(small_build: Any) -> None:
    small_build.add("a", [MONDAY])
    small_build.publish()
    # As after a crash between the rename of the folder and the pointer.
    (small_build.home.releases / "2").mkdir()

    assert small_build.publish().release_id == 3


def test_types_that_parquet_would_change_are_refused(small_build: Any) -> None:
    small_build.run("alter table marts.fct_plays add column total hugeint")

    with pytest.raises(PublishError, match=r"fct_plays\.total is HUGEINT"):
        small_build.publish()


GOOD_RUN = LastRun("run", "c0de", "c0de", full_refresh=False, is_complete=True, failed_count=0)


@pytest.mark.parametrize(
    ("run", "landed", "expected"),
    [
        (GOOD_RUN, {"a"}, None),
        (GOOD_RUN, {"a", "b", "c"}, "2 batches have landed"),
        (GOOD_RUN, None, None),
        (None, set(), "nothing has been built"),
        (LastRun("run", "c0de", "c0de", False, False, None), {"a"}, "did not end"),
        (LastRun("run", "c0de", "c0de", False, True, 3), {"a"}, "3 models or tests"),
        (LastRun("run", "c0de", "c0de", False, False, 0), {"a"}, "only a part"),
        (LastRun("run", "c0de", "c0de", False, True, 0, "core"), {"a"}, None),
        (LastRun("run", "else", "c0de", False, True, 0), {"a"}, "variables have changed"),
        (LastRun("run", "c0de", "else", False, True, 0), {"a"}, "not every row"),
    ],
)
def test_refusal_says_exactly_why(
    run: LastRun | None, landed: set[str] | None, expected: str | None
) -> None:
    state = BuildState(last_run=run, seen=frozenset({"a"}), published=frozenset())

    reason = refusal(state, "c0de", landed)

    if expected is None:
        assert reason is None
    else:
        assert reason is not None
        assert expected in reason
        assert "`watchhouse build`" in reason
