"""`watchhouse ingest` as it is called."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from watchhouse.cli import main

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

TEXT = "user_id,show_name,watch_date,watch_duration_minutes\nu1,A,d,1\nbad\n"


def test_summary_as_json(lake: "Lake") -> None:
    good, bad = lake.write("a.csv", TEXT), lake.write("b.csv", "x\n")
    code, summary, said = lake.ingest(good, bad, "none.csv")
    assert code == 1
    assert [file["status"] for file in summary["files"]] == ["landed", "failed", "failed"]
    first = summary["files"][0]
    assert set(first) == {
        "path",
        "status",
        "batch_id",
        "read",
        "rejected",
        "landed",
        "seconds",
        "error",
    }
    assert (first["path"], first["read"], first["rejected"], first["landed"]) == (
        str(good),
        2,
        1,
        1,
    )
    assert (first["error"], summary["files"][1]["batch_id"]) == (None, None)
    totals = summary["totals"]
    assert (totals["files"], totals["landed_files"], totals["failed_files"]) == (3, 1, 2)
    assert (totals["read"], totals["rejected"], totals["landed"]) == (2, 1, 1)
    assert len(said.splitlines()) == 3, "one line per file"
    assert "none.csv: there is no such file" in said


def test_the_uri_is_the_path_as_given(lake: "Lake", monkeypatch: pytest.MonkeyPatch) -> None:
    path = lake.write("a.csv", TEXT)
    monkeypatch.chdir(path.parent)
    assert lake.ingest("a.csv")[0] == 0
    assert lake.entries()[0]["source_uri"] == "a.csv"


def test_a_folder_without_data_is_an_error(lake: "Lake") -> None:
    folder = lake.write("in/README.md", "x").parent
    code, _, said = lake.ingest(folder)
    assert code == 1
    assert "no files to land" in said


def test_a_broken_mapping_lands_nothing(lake: "Lake") -> None:
    path, mapping = lake.write("a.csv", TEXT), lake.write("m.yml", "sauce: x\n")
    code, _, said = lake.ingest(path, "--mapping", mapping)
    assert code == 1
    assert f"{mapping}: sauce: no field of a mapping file; there are source," in said
    assert not lake.home.exists()


def test_a_wrong_key_is_refused(lake: "Lake", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHHOUSE_PSEUDONYM_KEY", "secret words")
    code, _, said = lake.ingest(lake.write("a.csv", TEXT))
    assert code == 1
    assert "64 hex digits" in said
    assert "secret words" not in said


def test_a_home_that_cannot_be_written_is_one_clear_error(
    lake: "Lake", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("WATCHHOUSE_HOME", str(blocked / "home"))
    code, _, said = lake.ingest(lake.write("a.csv", TEXT))
    assert code == 1
    assert str(blocked) in said
    assert "cannot be written" in said


@pytest.mark.parametrize("arguments", [[], ["--spool", "a.csv"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert main(["ingest", *arguments]) == 2


def test_an_empty_spool_is_no_failure(lake: "Lake") -> None:
    code, summary, _ = lake.ingest("--spool")
    assert (code, summary["landed_count"]) == (0, 0)


def test_a_file_whose_name_is_not_utf8_lands(lake: "Lake") -> None:
    folder = lake.write("x/a.csv", TEXT).parent
    (folder / "a.csv").rename(folder / os.fsdecode(b"\xff.csv"))
    code, summary, _ = lake.ingest(folder)
    assert code == 0
    assert summary["files"][0]["path"].endswith("\ufffd.csv")
    assert lake.entries()[0]["source_uri"].endswith("\ufffd.csv")


def test_a_key_that_is_gone_stops_landing(lake: "Lake", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHHOUSE_PSEUDONYM_KEY")
    assert lake.ingest(lake.write("a.csv", TEXT))[0] == 0
    (lake.home / "pseudonym.key").unlink()
    code, _, said = lake.ingest(lake.write("b.csv", TEXT.replace("u1", "u2")))
    assert (code, "pseudonym key is gone" in said) == (1, True)
    assert len(lake.entries()) == 1
