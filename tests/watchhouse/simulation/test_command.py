"""The command line of the simulator."""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path

import pytest

from watchhouse.cli import main
from watchhouse.errors import UsageError
from watchhouse.simulation.command import add_arguments, read_scenario
from watchhouse.simulation.scenario import Rates, Scenario

TODAY = date(2026, 11, 23)


def read(*arguments: str, today: date = TODAY) -> Scenario:
    """Return the scenario of some arguments."""
    parser = ArgumentParser()
    add_arguments(parser)
    return read_scenario(parser.parse_args(["--out", "somewhere", *arguments]), today=today)


def test_summary_tells_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--out", str(tmp_path), "--events", "2000", "--days", "3"]) == 0
    printed = capsys.readouterr().out
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert printed.startswith("2,000 events of 40 users in 3 files, ")
    assert f"landed {truth['landed']:,} = valid {truth['valid']:,} + quarantined" in printed
    assert str(tmp_path / "truth.json") in printed


def test_json_is_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--out", str(tmp_path), "--events", "500", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert printed["is_complete"] is True


def test_without_arguments_the_scenario_is_fixed() -> None:
    assert read() == read(today=date(2099, 1, 1)) == Scenario()


def test_arguments_reach_the_scenario() -> None:
    scenario = read(
        *("--events", "7", "--users", "3", "--days", "5", "--start-date", "2025-02-03"),
        *("--seed", "9", "--format", "ndjson", "--files", "2", "--clean"),
        *("--event-ids", "uuid"),
    )
    assert scenario == Scenario(
        events=7,
        users=3,
        days=5,
        start=date(2025, 2, 3),
        seed=9,
        file_format="ndjson",
        files=2,
        event_ids="uuid",
        rates=Rates().clean(),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--events", "-1"], "--events must be at least 1, not -1"),
        (["--events", "0"], "--events must be at least 1, not 0"),
        (["--users", "0"], "--users must be at least 1, not 0"),
        (["--days", "-3"], "--days must be at least 1, not -3"),
        (["--days", "5", "--files", "6"], "--files 6 is more than --days 5"),
        (["--files", "0"], "--files must be at least 1, not 0"),
        (["--seed", "-1"], "--seed must be between 0 and 9223372036854775807, not -1"),
        (["--users", "1", "--events", "100001"], "more --users"),
        (["--start-date", "1989-12-31"], "--start-date 1989-12-31 is too early"),
        (["--start-date", "2026-11-01"], "give an earlier --start-date or fewer --days"),
        (["--days", "99999999"], "is beyond the calendar"),
    ],
)
def test_arguments_that_cannot_be(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read(*arguments)
    assert caught.value.exit_code == 2


def test_wrong_arguments_write_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["simulate", "--out", str(tmp_path / "out"), "--events", "-5"]) == 2
    assert caplog.messages == ["error: --events must be at least 1, not -5"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("day", ["2026-02-30", "monday", "05/01/2026"])
def test_day_that_is_none(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["simulate", "--out", "never", "--start-date", day])
    assert f"{day!r} is not a day of the form YYYY-MM-DD" in capsys.readouterr().err


def test_help_names_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["simulate", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    usual = Scenario()
    for default in (usual.events, usual.days, usual.start, usual.seed, usual.file_format):
        assert f"(default: {default})" in printed
    assert f"default: {usual.files}, or --days if that is less" in printed
