"""Copies that are made beside other work: whole when they are taken, gone when they are not."""

from pathlib import Path

import pytest

from watchhouse.copying import copied

CONTENT = bytes(range(256)) * 40_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


def test_what_is_taken_is_whole_and_stays(tmp_path: Path, source: Path) -> None:
    wanted = tmp_path / "release" / "wanted"
    wanted.parent.mkdir()
    with copied(source, tmp_path / "new" / "copy") as copy:
        copy.take(wanted)
    assert wanted.read_bytes() == source.read_bytes() == CONTENT
    assert list((tmp_path / "new").iterdir()) == []


def test_what_nobody_takes_is_removed(tmp_path: Path, source: Path) -> None:
    def build() -> None:
        with copied(source, tmp_path / "new" / "copy"):
            message = "a test has failed"
            raise ValueError(message)

    with pytest.raises(ValueError, match="a test has failed"):
        build()
    assert list((tmp_path / "new").iterdir()) == []


def test_that_it_could_not_be_made_is_told_to_who_takes_it(tmp_path: Path) -> None:
    with (
        copied(tmp_path / "nothing", tmp_path / "copy") as copy,
        pytest.raises(FileNotFoundError, match="nothing"),
    ):
        copy.take(tmp_path / "wanted")
    assert not (tmp_path / "wanted").exists()
