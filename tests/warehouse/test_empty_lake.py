"""What there is before anything has landed."""

import duckdb

from tests.warehouse.comparison import assert_equal_marts
from tests.warehouse.lake import Lake, play
from tests.warehouse.workshop import Workshop


def test_an_empty_lake_builds_green_with_typed_empty_marts(workshop: Workshop) -> None:
    workshop.build()
    release = workshop.release(workshop.publish())

    marts = release.ask(
        "select table_name from information_schema.tables where table_schema='marts'"
    )
    assert len(marts) >= 8
    for (mart,) in marts:
        assert release.ask(f"select count(*) from marts.{mart}") == [(0,)], mart
    types = "select column_name, column_type from (describe marts.fct_plays) order by all"
    described = dict(release.ask(types))
    assert described["started_at"] == "TIMESTAMP"
    assert described["watched_microseconds"] == "BIGINT"
    assert described["is_complete_play"] == "BOOLEAN"


def test_the_first_batch_after_empty_builds_is_taken(workshop: Workshop, lake: Lake) -> None:
    workshop.run()
    workshop.publish(strictly=False)
    lake.events("first", play("ada", "Alpha", "2026-03-01 20:00", 45))
    workshop.build()
    workshop.publish()

    assert workshop.built().ask("select user_id, watched_minutes from marts.fct_plays") != []
    assert_equal_marts(workshop.built(), workshop.release(2), workshop.project.keys)


def test_a_table_of_other_columns_is_not_added_to(workshop: Workshop) -> None:
    workshop.run()
    for change in ("alter play_count type integer", "rename play_count to plays"):
        with duckdb.connect(str(workshop.home.build_database)) as connection:
            connection.execute(f"alter table marts.fct_show_days {change}")
        (refusal,) = workshop.run_only("fct_show_days")
        assert "the columns of fct_show_days have changed" in refusal
        assert "run `dbt build --full-refresh`" in refusal
