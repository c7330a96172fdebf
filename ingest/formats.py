"""Which format a file has: told from its name, then from its first bytes."""

from pathlib import Path
from typing import Final, Literal

from ingest.content import Content
from watchhouse.errors import InputFileError

Format = Literal["delimited", "json_lines", "json_array", "parquet"]

_COMPRESSED: Final = frozenset({".gz", ".gzip", ".zst", ".zstd"})
_FORMATS: Final[dict[str, Format]] = {
    ".csv": "delimited",
    ".psv": "delimited",
    ".tab": "delimited",
    ".tsv": "delimited",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".parquet": "parquet",
}
_TOLD_BY_CONTENT: Final = frozenset({".json", ".txt"})
_PARQUET: Final = b"PAR1"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def suffix(path: Path) -> str:
    """Return the suffix that tells the format, in lower case: `.csv` of `a.CSV.gz`."""
    suffixes = [part.lower() for part in path.suffixes]
    while suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def is_known(path: Path) -> bool:
    """Tell whether a file found in a folder is one to land, by its name."""
    return suffix(path) in _FORMATS or suffix(path) in _TOLD_BY_CONTENT


def detect(content: Content) -> Format:
    """Return the format of a file.

    Raises:
        InputFileError: it is binary, UTF-16, or not the Parquet file that its name promises.
    """
    path, head = content.path, content.head
    if head.startswith(_PARQUET) and content.compression is None:
        return "parquet"
    if head.startswith(_PARQUET):
        message = f"{path}: is a compressed Parquet file; decompress it, its pages already are"
        raise InputFileError(message)
    if suffix(path) == ".parquet":
        message = f"{path}: is not a Parquet file, or not a whole one; fetch it again"
        raise InputFileError(message)
    if head.startswith(_UTF16):
        message = f"{path}: is UTF-16; convert it first: `iconv -f utf-16 -t utf-8`"
        raise InputFileError(message)
    if b"\0" in head[:4096]:
        message = (
            f"{path}: is binary, not text; give CSV, TSV, NDJSON, a JSON array or Parquet, plain "
            "or compressed with gzip or zstd"
        )
        raise InputFileError(message)
    named = _FORMATS.get(suffix(path))
    if named is not None:
        return named
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[":
        return "json_array"
    return "json_lines" if start == b"{" else "delimited"
