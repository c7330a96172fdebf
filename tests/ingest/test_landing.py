"""What makes a batch: identity, mapping, provenance, and all or nothing."""

import base64
import hashlib
import hmac
import json
import secrets
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from ingest.columns import STREAMS
from ingest.landing import Batch, land
from ingest.records import Records, reject
from ingest.workspace import Workspace
from watchhouse.layout import Home
from watchhouse.ledger import Ledger

if TYPE_CHECKING:
    from tests.ingest.conftest import Lake

TEXT = "user_id,show_name,watch_date,watch_duration_minutes\nu1,A,d,1\nu2,B,d,2\n"


def _pseudonym(identifier: str) -> str:
    digest = hmac.new(b"\x0b" * 32, identifier.encode(), hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_rows_carry_provenance_and_pseudonyms_in_the_agreed_order(lake: "Lake") -> None:
    path = lake.write("a.csv", TEXT + " ,C,d,3\n,D,d,4\n")
    assert lake.ingest(path)[0] == 0
    (entry,) = lake.entries()
    table = duckdb.execute(
        "select * from read_parquet(?, hive_partitioning = false)",
        [str(lake.home / entry["files"][0]["path"])],
    ).to_arrow_table()
    stream = STREAMS["watch_events"]
    assert table.column_names == [
        *stream.columns,
        "extras",
        "batch_id",
        "source",
        "source_kind",
        "source_uri",
        "source_position",
        "landed_at",
    ]
    assert {table.schema.field(name).type for name in (*stream.columns, "extras")} == {pa.string()}
    assert lake.rows("user_id") == [(_pseudonym("u1"),), (_pseudonym("u2"),), (None,), (None,)]
    assert lake.rows("distinct batch_id, source, source_kind, source_uri, source_position")[0] == (
        entry["batch_id"],
        "default",
        "file",
        str(path),
        2,
    )
    (landed_at,) = {row[0] for row in lake.rows("epoch_us(landed_at)")}
    assert datetime.fromtimestamp(landed_at / 1e6, UTC) == datetime.fromisoformat(
        entry["landed_at"]
    )
    assert entry["content_hash"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["files"][0]["bytes"] == (lake.home / entry["files"][0]["path"]).stat().st_size


def test_no_identifier_reaches_the_disk(lake: "Lake") -> None:
    name = "very-private-identifier"
    text = TEXT.replace("u1", name).replace("watch_date,", "watch_date,serial,email,", 1)
    text = text.replace(",d,", f",d,{name}-2,{name}@example.org,")
    mapping = lake.write("m.yml", "identifiers: [serial]\ndrop: [email]\n")
    assert lake.ingest(lake.write("a.csv", text), "--mapping", mapping)[0] == 0
    for path in lake.home.rglob("*"):
        if path.is_file():
            assert name.encode() not in path.read_bytes()
            table = (
                duckdb.execute("select * from read_parquet(?)", [str(path)])
                if path.suffix == ".parquet"
                else None
            )
            assert table is None or name not in str(table.fetchall())
    assert json.loads(lake.rows("extras")[0][0]) == {"serial": _pseudonym(f"{name}-2")}


def test_the_same_content_lands_once_under_any_name(lake: "Lake") -> None:
    first = lake.write("a.csv", TEXT)
    _, one, _ = lake.ingest(first)
    code, two, said = lake.ingest(lake.write("b.csv", TEXT), first)
    assert code == 0
    assert [file["status"] for file in two["files"]] == ["already_landed"] * 2
    assert {file["batch_id"] for file in two["files"]} == {one["files"][0]["batch_id"]}
    assert "already landed" in said
    assert two["totals"]["landed"] == 0
    assert len(lake.entries()) == 1


def test_a_changed_mapping_supersedes_and_can_come_back(lake: "Lake") -> None:
    path = lake.write("a.csv", TEXT)
    mapping = lake.write("m.yml", "time_zone: Europe/Berlin\n")
    ids = []
    for arguments in ((), ("--mapping", mapping), (), ("--mapping", mapping), ()):
        code, summary, _ = lake.ingest(path, *arguments)
        assert code == 0
        assert summary["files"][0]["status"] == "landed"
        ids.append(summary["files"][0]["batch_id"])
    entries = lake.entries()
    assert [entry["batch_id"] for entry in entries] == ids
    assert len(set(ids)) == 5
    assert [entry["supersedes"] for entry in entries] == [[], *[[old] for old in ids[:-1]]]
    assert lake.ingest(path)[1]["files"][0]["status"] == "already_landed"


def test_a_mapping_that_changes_nothing_is_the_same(lake: "Lake") -> None:
    path = lake.write("a.csv", TEXT)
    assert lake.ingest(path)[0] == 0
    mapping = lake.write("m.yml", "columns: {user_id: user_id}\nsource: default\n")
    _, summary, _ = lake.ingest(path, "--mapping", mapping)
    assert summary["files"][0]["status"] == "already_landed"


def test_the_same_content_is_another_batch_in_another_stream(lake: "Lake") -> None:
    path = lake.write("a.csv", "user_id,country\nu1,DK\n")
    code, summary, _ = lake.ingest(path, "--stream", "users")
    assert code == 0
    assert lake.rows("user_id, country", "users") == [(_pseudonym("u1"), "DK")]
    assert lake.entries()[0]["stream"] == "users"
    assert summary["files"][0]["landed"] == 1


def test_input_inside_the_home_lands_and_the_lake_does_not_eat_itself(lake: "Lake") -> None:
    inside = lake.home / "incoming" / "a.csv"
    inside.parent.mkdir(parents=True)
    inside.write_text(TEXT)
    assert lake.ingest(lake.home)[0] == 0
    code, summary, _ = lake.ingest(lake.home)
    assert code == 0
    assert [file["path"] for file in summary["files"]] == [str(inside)]


def test_rejects_are_for_the_owner_only(lake: "Lake") -> None:
    assert lake.ingest(lake.write("a.csv", TEXT + "bad\n"))[0] == 0
    (path,) = lake.home.glob("raw/rejects/*/*/*.parquet")
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent, lake.home / "raw/rejects"):
        assert folder.stat().st_mode & 0o777 == 0o700


KILLED = """
import os, signal, sys
count = 0
def fatal(call):
    def wrapped(*arguments, **options):
        global count
        if count == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        return call(*arguments, **options)
    return wrapped
for name in ("fsync", "link", "mkdir", "rename", "rmdir", "unlink"):
    setattr(os, name, fatal(getattr(os, name)))
from watchhouse.cli import main

sys.exit(main(["ingest", sys.argv[2]]))
"""


@pytest.mark.parametrize("at", range(0, 60, 3))
def test_killed_at_any_moment_a_batch_is_whole_or_absent(lake: "Lake", at: int) -> None:
    path = lake.write("a.csv", TEXT + "bad\n")
    command = [sys.executable, "-c", KILLED, str(at), str(path)]
    died = subprocess.run(command, check=False, capture_output=True)
    assert died.returncode in {-signal.SIGKILL, 0}, died.stderr.decode()
    committed = len(lake.entries())
    code, summary, _ = lake.ingest(path)
    assert code == 0
    assert summary["files"][0]["status"] == ("already_landed" if committed else "landed")
    (entry,) = lake.entries()
    named = {lake.home / file["path"] for file in (*entry["files"], *entry["reject_files"])}
    assert set(lake.home.glob("raw/**/*.parquet")) == named, "nothing but the batch is left"
    assert not list((lake.home / "raw/landing").iterdir())
    assert lake.rows("show_name") == [("A",), ("B",)]
    assert lake.rejects("record") == [("bad",)]


def test_the_last_moments_are_reached(lake: "Lake") -> None:
    command = [sys.executable, "-c", KILLED, "60", str(lake.write("a.csv", TEXT + "bad\n"))]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == 0, "the parameters above must cover the whole of a landing"


def test_two_loaders_of_the_same_file_land_it_once(lake: "Lake") -> None:
    rows = "".join(f"u{i},A,d,{i}\n" for i in range(200_000))
    path = lake.write("a.csv", TEXT + rows)
    command = [sys.executable, "-m", "watchhouse", "ingest", "--json", str(path)]
    loaders = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "123"
    ]
    printed = [json.loads(loader.communicate(timeout=60)[0]) for loader in loaders]
    assert [loader.returncode for loader in loaders] == [0, 0, 0]
    statuses = sorted(summary["files"][0]["status"] for summary in printed)
    assert statuses == ["already_landed", "already_landed", "landed"]
    assert len(lake.entries()) == 1
    assert len(lake.rows("source_position")) == 200_002


def test_a_loader_at_work_is_not_swept(lake: "Lake") -> None:
    home = Home(lake.home)
    held = Workspace(home, "0" * 32)
    assert held.acquire(wait=False)
    held.prepare(Ledger(home))
    (held.rows / "part-0.parquet").write_bytes(b"half")
    assert lake.ingest(lake.write("a.csv", TEXT))[0] == 0
    assert (held.rows / "part-0.parquet").exists()
    assert not Workspace(home, "0" * 32).acquire(wait=False)
    held.release(Ledger(home))
    assert not (home.landing / ("0" * 32)).exists()


def _in_small_disk(lake: "Lake", script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script with a disk of 1 MiB mounted as the home, in a namespace of its own."""
    lake.home.mkdir()
    mount = f"mount -t tmpfs -o size=1m none {lake.home}"
    probe = ["unshare", "-rm", "sh", "-c", mount]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False).returncode:
        pytest.skip("mounting in a namespace is not allowed here")
    command = ["unshare", "-rm", "sh", "-c", f"{mount} && {script}"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_a_full_disk_is_one_clear_error(lake: "Lake") -> None:
    rows = "".join(f"u{i},{secrets.token_hex(8)},d,{i}\n" for i in range(100_000))
    path = lake.write("a.csv", TEXT + rows)
    small = lake.write("b.csv", TEXT)
    ran = _in_small_disk(
        lake,
        f"{sys.executable} -m watchhouse ingest {path} {small}; echo $?; "
        f"cd {lake.home}; find raw -name '*.parquet'; ls raw/landing",
    )
    code, *left = ran.stdout.split()
    assert code == "1"
    assert ran.stderr.count("the disk is full") == 1
    assert "Traceback" not in ran.stderr
    assert len(left) == 1, "the small file landed, and nothing is left of the large one"


def test_a_read_only_home_is_one_clear_error(lake: "Lake") -> None:
    path = lake.write("a.csv", TEXT)
    remount = f"mount -o remount,ro {lake.home}"
    ran = _in_small_disk(
        lake, f"{remount} && {sys.executable} -m watchhouse ingest {path}; echo $?"
    )
    assert ran.stdout.strip() == "1"
    assert "cannot be written" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_other_intakes_land_batches_of_their_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    stream = STREAMS["users"]
    ledger = Ledger(home)
    columns = {name: pa.array(["x", None], pa.string()) for name in (*stream.columns, "extras")}
    records = Records(pa.table(columns), np.array([7, 9]), (reject(8, "invalid_json", b"?"),))
    workspace = Workspace(home, "a" * 32)
    workspace.acquire(wait=True)
    try:
        workspace.prepare(ledger)
        entry = land(
            [records],
            Batch(
                batch_id="b" * 32,
                stream=stream,
                source="default",
                source_kind="kafka",
                source_uri="kafka://cluster/topic/0",
                content_hash="offsets",
                landed_at=datetime(2024, 5, 6, tzinfo=UTC),
            ),
            home=home,
            ledger=ledger,
            workspace=workspace,
            pseudonymiser=None,
            mapping=dict,
        )
    finally:
        workspace.release(ledger)
    assert entry is not None
    assert (entry.read_count, entry.rejected_count, entry.landed_count) == (3, 1, 2)
    path = home.root / entry.files[0].path
    rows = duckdb.execute(
        "select user_id, source_position from read_parquet(?)", [str(path)]
    ).fetchall()
    assert rows == [("x", 7), (None, 9)], "pseudonyms are not hashed again"
