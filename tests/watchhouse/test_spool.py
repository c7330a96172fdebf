"""Segments of the spool: written in groups, sealed, and left whole by whoever dies."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from watchhouse.spool import SpoolWriter, seal_abandoned, sealed_segments


class Committed:
    """What the writer said about each ticket."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.errors: list[OSError | None] = []
        self._changed = threading.Condition()

    def __call__(self, tickets: Sequence[int], error: OSError | None) -> None:
        with self._changed:
            self.groups.append(list(tickets))
            self.errors.append(error)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: sum(map(len, self.groups)) >= count, 10)


@pytest.fixture
def committed() -> Committed:
    return Committed()


def contents(folder: Path) -> list[bytes]:
    return [segment.path.read_bytes() for segment in sealed_segments(folder)]


def test_lines_are_kept_in_order_and_sealed_when_the_writer_leaves(
    tmp_path: Path, committed: Committed
) -> None:
    writer: SpoolWriter[int] = SpoolWriter(
        tmp_path / "spool", committed=committed, seal_seconds=3600
    )
    for number in range(500):
        writer.append(b"%d\n" % number, number)
    committed.wait_for(500)
    assert [p.suffix for p in (tmp_path / "spool").iterdir()] == [".open"]
    writer.close()
    assert contents(tmp_path / "spool") == [b"".join(b"%d\n" % n for n in range(500))]
    assert [ticket for group in committed.groups for ticket in group] == list(range(500))
    assert set(committed.errors) == {None}


def test_what_waits_shares_a_group(tmp_path: Path) -> None:
    gate = threading.Event()
    groups = []

    def committed(tickets: Sequence[int], error: OSError | None) -> None:
        assert error is None
        groups.append(len(tickets))
        gate.wait(10)

    writer: SpoolWriter[int] = SpoolWriter(tmp_path, committed=committed)
    writer.append(b"first\n", 0)
    while not groups:
        pass
    for number in range(1, 100):
        writer.append(b"more\n", number)
    gate.set()
    writer.close()
    assert groups == [1, 99]


def test_a_segment_is_sealed_by_size(tmp_path: Path, committed: Committed) -> None:
    writer: SpoolWriter[int] = SpoolWriter(
        tmp_path, committed=committed, seal_bytes=10, seal_seconds=3600
    )
    for number in range(3):
        writer.append(b"123456789\n", number)
        committed.wait_for(number + 1)
    writer.close()
    assert contents(tmp_path) == [b"123456789\n"] * 3


def test_a_segment_is_sealed_by_age_without_further_lines(
    tmp_path: Path, committed: Committed
) -> None:
    writer: SpoolWriter[int] = SpoolWriter(tmp_path, committed=committed, seal_seconds=0.01)
    writer.append(b"1\n", 1)
    while not sealed_segments(tmp_path):
        pass
    assert contents(tmp_path) == [b"1\n"]
    writer.close()


def test_a_live_writer_is_left_alone(tmp_path: Path, committed: Committed) -> None:
    writer: SpoolWriter[int] = SpoolWriter(tmp_path, committed=committed, seal_seconds=3600)
    writer.append(b"1\n", 1)
    committed.wait_for(1)
    assert seal_abandoned(tmp_path) == 0
    assert contents(tmp_path) == []
    writer.close()


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (b"1\n2\n", b"1\n2\n"),
        (b'1\n2\n{"torn', b"1\n2\n"),
        (b"1\n" + b"x" * 200_000, b"1\n"),
    ],
)
def test_a_dead_writers_unfinished_line_is_cut(tmp_path: Path, left: bytes, kept: bytes) -> None:
    (tmp_path / "a.open").write_bytes(left)
    assert seal_abandoned(tmp_path) == 1
    assert contents(tmp_path) == [kept]
    assert [path.name for path in tmp_path.iterdir()] == ["a.ndjson"]


@pytest.mark.parametrize("left", [b"", b"torn", b"x" * 100_000])
def test_a_file_without_a_whole_line_is_removed(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "a.open").write_bytes(left)
    assert seal_abandoned(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_per_line_and_heals(
    tmp_path: Path, committed: Committed
) -> None:
    folder = tmp_path / "spool"
    folder.write_text("in the way")
    writer: SpoolWriter[int] = SpoolWriter(folder, committed=committed, seal_seconds=3600)
    writer.append(b"1\n", 1)
    committed.wait_for(1)
    folder.unlink()
    writer.append(b"2\n", 2)
    writer.close()
    assert isinstance(committed.errors[0], OSError)
    assert committed.errors[1:] == [None]
    assert contents(folder) == [b"2\n"]


def test_only_the_owner_reads_the_spool(tmp_path: Path, committed: Committed) -> None:
    folder = tmp_path / "spool"
    writer: SpoolWriter[int] = SpoolWriter(folder, committed=committed)
    writer.append(b"1\n", 1)
    writer.close()
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
