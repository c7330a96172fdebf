"""Files, folders and globs."""

import errno
import os
from pathlib import Path

import pytest

from ingest.discovery import find_files
from watchhouse.errors import UsageError
from watchhouse.layout import Home


def _make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def _found(root: Path, *given: str, home: str = "home") -> list[str]:
    files = find_files([str(root / name) for name in given], Home(root / home))
    return [path.relative_to(root).as_posix() for path in files]


def test_a_folder_stands_for_the_data_files_below_it(tmp_path: Path) -> None:
    _make(
        tmp_path, "in/b.csv.gz", "in/a/c.NDJSON", "in/.hidden.csv", "in/.git/x.csv", "in/README.md"
    )
    assert _found(tmp_path, "in") == ["in/a/c.NDJSON", "in/b.csv.gz"]


def test_globs_are_sorted_and_each_file_comes_once(tmp_path: Path) -> None:
    _make(tmp_path, "in/b.csv", "in/a.csv", "in/x/c.csv")
    assert _found(tmp_path, "in/b.csv", "in/*.csv", "in/**/*.csv") == [
        "in/b.csv",
        "in/a.csv",
        "in/x/c.csv",
    ]


def test_a_name_with_brackets_that_exists_is_that_file(tmp_path: Path) -> None:
    _make(tmp_path, "a[1].csv", "a1.csv")
    assert _found(tmp_path, "a[1].csv") == ["a[1].csv"]


def test_what_is_missing_is_kept_so_that_landing_says_so(tmp_path: Path) -> None:
    assert _found(tmp_path, "none.csv", "none*.csv") == ["none.csv", "none*.csv"]


def test_the_lake_is_passed_over(tmp_path: Path) -> None:
    _make(
        tmp_path,
        "home/raw/watch_events/part-0.parquet",
        "home/releases/1/x.parquet",
        "home/build/x.csv",
        "home/incoming/a.csv",
    )
    assert _found(tmp_path, "home", "home/*") == ["home/incoming/a.csv"]


def test_what_cannot_be_looked_at_is_kept_so_that_landing_says_so() -> None:
    given = ["~no-such-user-1/a.csv", "a" * 300 + ".csv"]
    assert list(map(str, find_files(given, Home(Path("home"))))) == given


def test_a_closed_folder_is_kept_so_that_landing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(tmp_path, "in/a.csv", "in/closed/b.csv")
    scandir = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert _found(tmp_path, "in") == ["in/a.csv", "in/closed"]


def test_an_empty_path_is_not_the_working_folder() -> None:
    with pytest.raises(UsageError, match="a path is empty"):
        find_files([""], Home(Path("home")))
