"""Delimited text, from tidy to hostile: what lands, what is set aside, and where."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

HEADER = "user_id,show_name,watch_date,watch_duration_minutes"
VALUES = "show_name, watch_date, watch_duration_minutes, source_position"


def test_values_stay_as_received(lake: "Lake") -> None:
    path = lake.write("a.csv", f'{HEADER},season\nu1, A ,2024-01-01,1.50,007\nu2,NA,null,"",\n')
    code, summary, _ = lake.ingest(path)
    assert code == 0
    assert summary["totals"]["landed"] == 2
    assert lake.rows(f"{VALUES}, season") == [
        (" A ", "2024-01-01", "1.50", 2, "007"),
        ("NA", "null", None, 3, None),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_told_by_the_names_that_it_gives(lake: "Lake", delimiter: str) -> None:
    header = HEADER.replace(",", delimiter)
    row = delimiter.join(["u1", "A, B; C" if delimiter == "|" else "A", "2024-01-01", "1"])
    code, _, _ = lake.ingest(lake.write("a.txt", f"{header}\n{row}\n"))
    assert code == 0
    assert lake.rows("watch_date, watch_duration_minutes") == [("2024-01-01", "1")]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv.gz", gzip.compress),
        ("a.csv.zst", zstandard.compress),
        ("misnamed.csv", gzip.compress),
    ],
)
def test_compressed_files_land_like_plain_ones(
    lake: "Lake", name: str, pack: Callable[[bytes], bytes]
) -> None:
    text = f"{HEADER}\nu1,A,2024-01-01,1\n".encode()
    plain = lake.write("plain.csv", text)
    assert lake.ingest(plain)[0] == 0
    code, summary, _ = lake.ingest(lake.write(name, pack(text)))
    assert code == 0
    assert summary["files"][0]["status"] == "already_landed", "the content is the same"


def test_bom_line_ends_and_blank_lines(lake: "Lake") -> None:
    path = lake.write(
        "a.csv", f"\ufeff{HEADER}\r\nu1,A,d,1\n\r\n\nu2,B,d,2\r\nu3,C,d,3\ru4,D,d,4".encode()
    )
    assert lake.ingest(path)[0] == 0
    assert lake.rows("show_name, source_position") == [("A", 2), ("B", 5), ("C", 6), ("D", 7)]


def test_quoted_line_breaks_delimiters_and_quotes(lake: "Lake") -> None:
    path = lake.write(
        "a.csv", f'{HEADER}\nu1,"A\r\nB, ""C""",d,1\nu2,D,d,2\nu3,"E\n\nF",d,3\nu4,G,d,4\n'
    )
    assert lake.ingest(path)[0] == 0
    assert lake.rows("show_name, source_position") == [
        ('A\r\nB, "C"', 2),
        ("D", 4),
        ("E\n\nF", 5),
        ("G", 8),
    ], "a position is the physical line on which the record starts"


def test_a_quote_inside_a_field_is_text(lake: "Lake") -> None:
    path = lake.write("a.csv", f'{HEADER}\nu1,5" disk,d,1\nu2, "A, B" ,d\nu3,"C",d,3\n')
    assert lake.ingest(path)[0] == 0
    assert lake.rows("show_name") == [('5" disk',), (' "A',), ("C",)]


def test_bad_records_are_set_aside_and_all_others_land(lake: "Lake") -> None:
    lines = [
        HEADER.encode(),
        b"u1,A,d,1",
        b"short,row",
        b"u2,B,d,2",
        b"long,row,d,3,4,5",
        b"u3,\xff\xfe,d,3",
        b'u4,"unclosed,d,4',
        b'u5,"closed" badly,d,5',
        b'u6,"C, D",d,6',
    ]
    code, summary, _ = lake.ingest(lake.write("a.csv", b"\n".join(lines) + b"\n"))
    assert code == 0
    assert lake.rows("show_name, source_position") == [("A", 2), ("B", 4), ("C, D", 9)]
    assert lake.rejects("source_position, reason_code, record") == [
        (3, "column_count", "short,row"),
        (5, "column_count", "long,row,d,3,4,5"),
        (6, "invalid_utf8", "u3,\ufffd\ufffd,d,3"),
        (7, "invalid_quoting", 'u4,"unclosed,d,4'),
        (8, "invalid_quoting", 'u5,"closed" badly,d,5'),
    ]
    totals = summary["totals"]
    assert totals["read"] == totals["rejected"] + totals["landed"] == len(lines) - 1


def test_a_stray_quote_costs_one_line_of_a_large_file(lake: "Lake") -> None:
    lines = [f"u{i},Show {i},d,{i}" for i in range(300_000)]
    lines[1000] = 'u,"never closed,d,1'
    code, summary, _ = lake.ingest(lake.write("a.csv", "\n".join([HEADER, *lines])))
    assert code == 0
    assert summary["totals"]["landed"] == len(lines) - 1
    assert lake.rejects("source_position, reason_code") == [(1002, "invalid_quoting")]
    positions = [row[0] for row in lake.rows("source_position")]
    assert positions == [n for n in range(2, 300_002) if n != 1002]


def test_a_giant_line_is_set_aside(lake: "Lake") -> None:
    giant = b"x" * (20 * 1024 * 1024)
    content = b"\n".join([HEADER.encode(), b"u1,A,d,1", giant, b"u2,B,d,2", b""])
    code, _, _ = lake.ingest(lake.write("a.csv", content))
    assert code == 0
    assert lake.rows("show_name, source_position") == [("A", 2), ("B", 4)]
    assert lake.rejects("source_position, reason_code, length(record)") == [
        (3, "record_too_large", 16_384)
    ]


def test_a_giant_last_line_without_end(lake: "Lake") -> None:
    content = f"{HEADER}\nu1,A,d,1\n".encode() + b"y" * (9 * 1024 * 1024)
    assert lake.ingest(lake.write("a.csv", content))[0] == 0
    assert lake.rows("show_name") == [("A",)]
    assert lake.rejects("source_position, reason_code") == [(3, "record_too_large")]


def test_a_large_record_below_the_limit_lands(lake: "Lake") -> None:
    large = "z" * (3 * 1024 * 1024)
    assert lake.ingest(lake.write("a.csv", f'{HEADER}\nu1,"{large}\n",d,1\nu2,B,d,2\n'))[0] == 0
    assert lake.rows("length(show_name), source_position") == [(len(large) + 1, 2), (1, 4)]


def test_names_that_differ_only_in_case_are_different_columns(lake: "Lake") -> None:
    path = lake.write("a.csv", f"{HEADER},Country,country,COUNTRY\nu1,A,d,1,x,DK,z\n")
    assert lake.ingest(path)[0] == 0
    assert lake.rows("country, extras") == [("DK", '{"Country":"x","COUNTRY":"z"}')]


def test_header_only_is_a_batch_without_rows(lake: "Lake") -> None:
    code, summary, _ = lake.ingest(lake.write("a.csv", HEADER + "\n"))
    assert (code, summary["files"][0]["status"]) == (0, "landed")
    (entry,) = lake.entries()
    assert (entry["read_count"], entry["files"], entry["reject_files"]) == (0, [], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n\n", "no header line"),
        (b"\x00\x01\x02\x03binary", "is binary"),
        (HEADER.encode("utf-16"), "is UTF-16"),
        (f"{HEADER},t\u00e9l\u00e9\nu,A,d,1,x\n".encode("latin-1"), "header is not UTF-8"),
        (f"{HEADER},device,device\n".encode(), "has 'device' 2 times"),
        (b"a,b,c\n1,2,3\n", "no column for user_id, show_name, watch_date"),
        (gzip.compress(HEADER.encode() * 99, mtime=0)[:-9], "cut short or damaged"),
        (zstandard.compress(HEADER.encode() * 99)[:-3], "cut short or damaged"),
    ],
)
def test_a_hopeless_file_is_one_clear_error_and_the_others_land(
    lake: "Lake", content: bytes, message: str
) -> None:
    good = lake.write("folder/good.csv", f"{HEADER}\nu1,A,d,1\n")
    bad = lake.write("folder/bad.csv", content)
    code, summary, errors = lake.ingest(good.parent)
    assert code == 1
    assert [file["status"] for file in summary["files"]] == ["failed", "landed"]
    said = summary["files"][0]["error"]
    assert said.startswith(str(bad))
    assert message in said
    assert errors.count("error:") == 1
    assert "Traceback" not in errors
    assert len(lake.entries()) == 1
    assert not list(Path(lake.home / "raw/landing").iterdir())


def test_records_span_blocks(lake: "Lake") -> None:
    rows = 150_000
    text = "".join(f'u{i % 97},"Show, {i}\n{i}",2024-01-01,{i}\n' for i in range(rows))
    code, summary, _ = lake.ingest(lake.write("a.csv", f"{HEADER}\n{text}"))
    assert code == 0
    assert summary["totals"]["landed"] == rows
    got = lake.rows("show_name, watch_duration_minutes, source_position")
    assert got == [(f"Show, {i}\n{i}", str(i), 2 + 2 * i) for i in range(rows)]


def test_tiny_lines_do_not_pile_up(lake: "Lake") -> None:
    count = 450_000
    code, summary, _ = lake.ingest(lake.write("a.csv", f"{HEADER}\nu1,A,d,1\n" + "x\n" * count))
    assert code == 0
    assert summary["totals"]["rejected"] == count
    assert lake.rejects("source_position")[-1] == (count + 2,)
