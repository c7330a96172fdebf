"""What is written: the same bytes for the same arguments, into a folder that is safe to clear."""

import csv
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from watchhouse.errors import SimulationError, UsageError
from watchhouse.simulation.scenario import FileFormat, Rates, Scenario
from watchhouse.simulation.writing import simulate

SMALL = Scenario(events=3_000, users=60, days=8, files=3)


Truth = dict[str, Any]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Return the truth of the usual scenario."""
    return simulate(Scenario(), tmp_path_factory.mktemp("usual"))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
def test_same_arguments_give_the_same_bytes(tmp_path: Path, file_format: FileFormat) -> None:
    scenario = replace(SMALL, file_format=file_format)
    simulate(scenario, tmp_path / "one")
    simulate(scenario, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_events_of_the_same_shows(tmp_path: Path) -> None:
    simulate(SMALL, tmp_path / "one")
    simulate(replace(SMALL, seed=2), tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert {name for name in one if one[name] == two[name]} == {"catalog.csv"}


def test_files_are_listed_with_their_size(tmp_path: Path) -> None:
    truth = simulate(SMALL, tmp_path)
    written = contents(tmp_path)
    listed = {file["path"]: file for file in truth["files"]}
    assert set(written) - set(listed) == {"catalog.csv", "users.csv", "truth.json"}
    for name, file in listed.items():
        assert file["bytes"] == len(written[name])
    assert sum(file["records"] for file in truth["files"]) == SMALL.events
    assert truth == json.loads(written["truth.json"])


def test_users_file_has_every_user_once(tmp_path: Path) -> None:
    simulate(replace(SMALL, users=250_001, events=100), tmp_path)
    with (tmp_path / "users.csv").open(encoding="utf-8", newline="") as file:
        ids = [row["user_id"] for row in csv.DictReader(file)]
    assert len(ids) == len(set(ids)) == 250_001


def test_records_add_up(truth: Truth) -> None:
    assert truth["records"] == truth["scenario"]["events"]
    assert truth["records"] == truth["rejected"] + truth["landed"]
    assert truth["landed"] == truth["valid"] + truth["quarantined"] + truth["duplicates"]
    assert truth["valid"] == truth["plays"] + truth["zero_minute_events"]
    assert truth["plays"] == sum(truth["plays_by_day"].values())
    assert truth["rejected"] == sum(truth["rejected_by_reason"].values())


def test_rates_are_as_configured(truth: Truth) -> None:
    rates = Rates()
    records = truth["records"]
    assert truth["rejected"] / records == pytest.approx(rates.malformed, rel=0.15)
    assert truth["quarantined"] / records == pytest.approx(rates.invalid, rel=0.15)
    repeated = rates.redelivered + rates.repeated_without_id + rates.corrected
    assert truth["duplicates"] / records == pytest.approx(repeated, rel=0.15)
    assert truth["late_events"] / records == pytest.approx(rates.late, rel=0.5)
    assert len(truth["quarantined_by_reason"]) == 11
    assert len(truth["rejected_by_reason"]) == 3


def test_clean_events_have_nothing_to_set_aside(tmp_path: Path) -> None:
    truth = simulate(replace(SMALL, rates=Rates().clean()), tmp_path)
    assert truth["valid"] == truth["records"] == SMALL.events
    assert truth["late_events"] == 0


def test_days_have_a_rhythm(tmp_path: Path) -> None:
    truth = simulate(Scenario(files=1, rates=Rates().clean()), tmp_path)
    # The first day is a Monday; what follows the last whole week is the end of its last evening.
    by_day = list(truth["plays_by_day"].values())[:28]
    weekday = [sum(by_day[day::7]) for day in range(7)]
    assert min(weekday[5:]) > 1.3 * max(weekday[:4])
    hours = [0] * 24
    with (tmp_path / "events-001.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            hours[int(row["watch_date"][11:13])] += 1
    assert sum(hours[18:23]) > 5 * sum(hours[1:6])
    assert max(hours) in hours[18:22]


def test_few_shows_have_most_of_the_plays(truth: Truth) -> None:
    top = sum(show["play_count"] for show in truth["top_shows"]) / truth["plays"]
    assert 0.1 < top < 0.5
    assert truth["distinct_shows"] > 2_000


def test_viewing_is_believable(truth: Truth) -> None:
    assert 0.1 < truth["binge_sessions"] / truth["sessions"] < 0.4
    assert 0.6 < truth["complete_plays"] / truth["plays_with_known_runtime"] < 0.85
    assert truth["plays_with_known_runtime"] < truth["plays"]
    assert 1.5 < truth["plays"] / truth["sessions"] < 4


def test_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    simulate(replace(SMALL, files=8), tmp_path)
    simulate(replace(SMALL, file_format="ndjson", files=1), tmp_path)
    assert set(contents(tmp_path)) == {
        "catalog.csv",
        "events-001.ndjson",
        "truth.json",
        "users.csv",
    }


def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"users\.csv is in the way"):
        simulate(SMALL, tmp_path)
    assert contents(tmp_path) == {"users.csv": b"mine"}


def test_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SimulationError, match="file/out cannot be written: Not a directory"):
        simulate(SMALL, tmp_path / "file" / "out")


def test_files_hold_runs_of_whole_days(tmp_path: Path) -> None:
    truth = simulate(replace(SMALL, rates=Rates().clean()), tmp_path)
    days = []
    for file in truth["files"]:
        with (tmp_path / file["path"]).open(encoding="utf-8", newline="") as lines:
            days.append({row["watch_date"][:10] for row in csv.DictReader(lines)})
    for earlier, later in pairwise(days):
        assert max(earlier) < min(later)
