"""What is printed about a release fits a terminal, whatever the shows are called."""

from collections.abc import Iterator

import duckdb
import pytest
from rich.cells import cell_len

from watchhouse.results import results

_TABLES = """
    create table fct_show_days (
        show_id varchar, hours_viewed double, play_count bigint, complete_play_count bigint,
        known_runtime_play_count bigint, watched_microseconds bigint
    );
    create table dim_shows (show_id varchar, show_name varchar, content_type varchar);
    create table fct_viewing_sessions (
        user_id varchar, play_count bigint, watched_microseconds bigint, watched_minutes double,
        is_binge_session boolean, started_date date
    );
    create table rpt_batch_reconciliation (
        stream varchar, status varchar, read_count bigint, landed_count bigint,
        rejected_count bigint, valid_count bigint, quarantined_count bigint, duplicate_count bigint
    );
"""


@pytest.fixture
def release() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(_TABLES)
        yield connection


def test_an_empty_release_says_so(release: duckdb.DuckDBPyConnection) -> None:
    lines = results(release)

    assert lines[0] == "The release holds no plays."
    assert lines[-1] == "Landed     0 = valid 0 + quarantined 0 + duplicates 0"


def test_shares_are_of_what_is_known(release: duckdb.DuckDBPyConnection) -> None:
    release.execute("""
        insert into dim_shows values ('a', 'Alpha', 'film'), ('b', 'Beta', null);
        insert into fct_show_days values
            ('a', 2, 4, 1, 2, 7200000000), ('a', 1, 1, 1, 2, 3600000000),
            ('b', 9, 9, 0, 0, 32400000000);
        insert into fct_viewing_sessions values
            ('u', 5, 10800000000, 180, true, '2026-01-05'),
            ('v', 9, 32400000000, 540, false, '2026-01-06');
        insert into rpt_batch_reconciliation values
            ('watch_events', 'current', 20, 18, 2, 14, 3, 1),
            ('catalog', 'current', 99, 99, 0, 99, 0, 0),
            ('watch_events', 'superseded', 99, 99, 0, 0, 0, 0);
    """)

    text = "\n".join(results(release))

    assert "Top shows, 2026-01-05 to 2026-01-06" in text
    ranked = [line.split() for line in text.splitlines() if line[:4].strip().isdigit()]
    assert ranked == [["1", "Beta", "-", "9", "9", "-"], ["2", "Alpha", "film", "3", "5", "50%"]]
    assert "Viewing    12 hours in 14 plays of 2 users" in text
    assert "Sessions   2, half of them longer than 360 minutes" in text
    assert "Binges     1 sessions: 50.0%" in text
    assert "Read       20 = landed 18 + rejected 2" in text
    assert "Landed     18 = valid 14 + quarantined 3 + duplicates 1" in text


def test_long_and_wide_names_keep_the_columns(release: duckdb.DuckDBPyConnection) -> None:
    release.execute("""
        insert into dim_shows values
            ('a', 'A very long name of a show that nobody could ever remember', 'documentary'),
            ('b', '君の名は。そして、その続きの長い長い物語', 'film'), ('c', 'Short', 'film');
        insert into fct_show_days
        select unnest(['a', 'b', 'c']), 1234567, 1234567, 1, 2, 1;
        insert into fct_viewing_sessions values ('u', 1, 1, 1, false, '2026-01-05');
    """)

    lines = [line for line in results(release) if line[:4].strip().isdigit()]

    assert {cell_len(line) for line in lines} == {75}
    assert "show t..." in lines[0]
