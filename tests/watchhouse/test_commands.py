"""The commands as a user calls them: what they print, where, and their exit codes."""

import io
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from watchhouse.cli import main
from watchhouse.layout import Home
from watchhouse.locks import builder_lock
from watchhouse.releases import current_manifest


@pytest.fixture(autouse=True)
def _settings(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the commands at the home of the test, away from any file `.env`."""
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def published(small_build: Any) -> Any:
    """Return a home with one release of ten plays."""
    small_build.add("a", [date(2026, 3, 2)])
    small_build.publish()
    return small_build


def test_sql_prints_rows_to_stdout_and_their_number_elsewhere(
    published: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    del published
    caplog.set_level("INFO")

    assert main(["sql", "select batch_id, count(*) as n from fct_plays group by all"]) == 0

    assert capsys.readouterr().out == "batch_id |  n\n---------+---\na        | 10\n"
    assert caplog.messages == ["1 row"]


def test_sql_gives_json(published: Any, capsys: pytest.CaptureFixture[str]) -> None:
    del published
    assert main(["sql", "select release_id from release", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"release_id": 1}]


def test_sql_writes_parquet_and_csv_files(published: Any, tmp_path: Path) -> None:
    del published
    for name in ("plays.parquet", "plays.csv"):
        path = tmp_path / name
        format_name = path.suffix.removeprefix(".")
        assert main(["sql", "from fct_plays", "--format", format_name, "--output", str(path)]) == 0
        assert duckdb.execute(f"select count(*) from '{path}'").fetchone() == (10,)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "home",
        "plays.csv",
        "plays.parquet",
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("selec 1", "syntax error at or near"),
        ("from fct_playz", 'Did you mean "fct_plays"?'),
        ("create table marts.x as select 1", "read-only"),
        ("delete from dim_shows", "read-only"),
    ],
)
def test_a_query_that_cannot_be_answered_is_one_line(
    published: Any, caplog: pytest.LogCaptureFixture, query: str, message: str
) -> None:
    del published
    assert main(["sql", query]) == 1
    assert len(caplog.messages) == 1
    assert message in caplog.messages[0]
    assert "\n" not in caplog.messages[0]


def test_sql_reads_the_query_from_a_file_or_standard_input(
    published: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del published
    (tmp_path / "query.sql").write_text("select 1 as one;\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("select 1 as one"))

    assert main(["sql", "--file", "query.sql", "--format", "csv"]) == 0
    assert main(["sql", "-", "--format", "csv"]) == 0

    assert capsys.readouterr().out == "one\n1\n" * 2


def test_sql_without_a_query_is_wrong_usage(home: Home) -> None:
    assert not home.root.exists()
    assert main(["sql"]) == 2
    assert main(["sql", "  "]) == 2


def test_sql_asks_the_build_database_while_nobody_builds(
    small_build: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    small_build.run("create schema test_failures; create table test_failures.t as select 7 as x")

    with builder_lock(small_build.home.builder_lock, timeout=0):
        assert main(["sql", "--build", "from test_failures.t", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "x\n7\n"
    assert main(["sql", "--build", "drop table test_failures.t"]) == 1
    assert "read-only" in caplog.messages[-1]


def test_without_a_release_the_remedy_is_named(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    assert main(["sql", "select 1"]) == 1
    assert "watchhouse build" in caplog.messages[0]
    assert not home.root.exists()


def test_publish_says_why_not(small_build: Any, caplog: pytest.LogCaptureFixture) -> None:
    small_build.run("update history.last_run set failed_count = 2")

    assert main(["publish"]) == 1
    assert caplog.messages == [
        "error: 2 models or tests of the last run failed; mend them, then run `watchhouse build`"
    ]
    assert not small_build.home.current.is_symlink()


def test_status_of_an_empty_home_writes_nothing(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "nothing yet" in out
    assert "none yet" in out
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["release"] is None
    assert not home.root.exists()


def test_status_says_what_is_current_and_who_builds(
    published: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with builder_lock(published.home.builder_lock, timeout=0):
        assert main(["status", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)

    assert report["release"]["release_id"] == 1
    assert report["release"]["data_as_of"] == "2026-03-02T00:09:00+00:00"
    assert report["builder"]["pid"] == os.getpid()
    assert [kept["is_current"] for kept in report["releases"]] == [True]


def test_status_says_which_marts_are_older(
    published: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    base = current_manifest(published.home)
    published.add("b", [date(2026, 3, 3)])
    published.publish(base=base)

    assert main(["status"]) == 0
    out = capsys.readouterr().out
    assert "2 marts outside the core, as of release 1: data up to 2026-03-02 00:09:00 UTC" in out
    assert main(["status", "--json"]) == 0
    release = json.loads(capsys.readouterr().out)["release"]
    assert release["selection"] == "core"
    assert set(release["older_marts"]) == {"dim_shows", "shows_snapshot"}


def test_wrong_numbers_of_seconds_are_wrong_usage() -> None:
    for wrong in ("-1", "inf", "soon"):
        with pytest.raises(SystemExit, match="2"):
            main(["build", "--lock-timeout", wrong])


def test_a_result_that_the_terminal_has_no_characters_for_is_escaped(published: Any) -> None:
    command = [
        sys.executable,
        "-m",
        "watchhouse",
        "sql",
        "--format",
        "csv",
        "select 'caf\u00e9' as a",
    ]
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "ascii",
        "WATCHHOUSE_HOME": str(published.home.root),
    }
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.splitlines()) == (0, [b"a", b"caf\\xe9"])


def test_a_full_standard_output_is_named(published: Any) -> None:
    command = [sys.executable, "-m", "watchhouse", "sql", "--format", "csv", "from range(99999)"]
    environment = {**os.environ, "WATCHHOUSE_HOME": str(published.home.root)}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert done.returncode == 1
    assert b"written to standard output: No space left on device" in done.stderr
