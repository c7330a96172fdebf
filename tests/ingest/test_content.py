"""Reading a file: its hash, and what stands in the way."""

import gzip
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from ingest.content import HEAD_BYTES, Hashing, open_content
from watchhouse.errors import InputFileError

TEXT = b"some text\n" * 300_000


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        zstandard.compress,
        lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]),
        lambda data: zstandard.compress(data[:1000]) + zstandard.compress(data[1000:]),
    ],
)
def test_the_hash_is_that_of_the_uncompressed_content(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(pack(TEXT))
    content = open_content(path)
    assert content.head == TEXT[:HEAD_BYTES]
    assert not content.is_whole
    with Hashing(content) as hashing:
        digest = hashing.result()
    assert digest.content_hash == hashlib.sha256(TEXT).hexdigest()
    assert digest.size == len(TEXT)
    with content.open() as reading:
        assert reading.read(len(TEXT) + 1) == TEXT


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("kept", [5, 100, -1, -5])
def test_compressed_data_cut_short(
    tmp_path: Path, pack: Callable[[bytes], bytes], kept: int
) -> None:
    path = tmp_path / "a"
    path.write_bytes(pack(os.urandom(5000))[:kept])
    with pytest.raises(InputFileError, match="cut short or damaged"):
        open_content(path)


def test_compressed_data_cut_short_behind_the_head(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(os.urandom(2 * HEAD_BYTES))[:-5])
    with Hashing(open_content(path)) as hashing, pytest.raises(InputFileError, match="cut short"):
        hashing.result()


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)
    content = open_content(path)
    content.confirm_unchanged()
    with path.open("ab") as handle:
        handle.write(b"more\n")
    with pytest.raises(InputFileError, match="changed while it was read"):
        content.confirm_unchanged()


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="there is no such file"):
        open_content(tmp_path / "none")
    with pytest.raises(InputFileError, match="not a regular file"):
        open_content(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputFileError, match="not a regular file"):
        open_content(pipe)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="a folder that cannot be listed"):
        open_content(tmp_path)
