"""`watchhouse replay`, from a quarantined record to a mended release."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from watchhouse.cli import main
from watchhouse.layout import Home
from watchhouse.releases import open_current

CSV = """user_id,show_name,watch_date,watch_duration_minutes
ann,Alba,01.03.2026 20:00,30
bob,Brume,2026-03-02 20:00,20
cid,Cirrus,2026-03-03 20:00,-1
"""


def ask(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with open_current(home) as release:
        return release.cursor().execute(sql).fetchall()


def test_a_mended_mapping_recovers_what_was_quarantined(
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text(CSV)
    Path("fine.csv").write_text(CSV.splitlines()[0] + "\ndan,Dune,2026-03-01 10:00,5\n")
    Path("mended.yml").write_text('watch_date_format: "%d.%m.%Y %H:%M"\n')
    assert main(["ingest", "log.csv", "fine.csv"]) == 0

    def replay(*arguments: str) -> tuple[int, str]:
        caplog.clear()
        code = main(["replay", *arguments])
        return code, "\n".join(caplog.messages)

    code, said = replay("--all")
    assert code == 1
    assert "nothing has been published" in said
    assert main(["build"]) == 0
    assert replay() == (2, "error: say what to replay: --reason CODE, --batch ID or --all")
    code, said = replay("--reason", "too_sunny")
    assert code == 1
    assert "reasons in the current release: negative_watch_duration, unparseable_watch_date" in said
    entries = set(home.ledger.rglob("*.json"))
    code, said = replay("--all", "--dry-run")
    assert code == 0
    assert "2 of 3 rows are quarantined for that; would be replayed" in said
    assert set(home.ledger.rglob("*.json")) == entries

    capsys.readouterr()
    code, said = replay("--reason", "unparseable_watch_date", "--mapping", "mended.yml", "--json")
    (replayed,) = json.loads(capsys.readouterr().out)["batches"]
    assert (code, replayed["quarantined_count"], replayed["landed_count"]) == (0, 1, 3)
    assert f"landed anew as batch {replayed['replayed_in']}" in said
    code, said = replay("--all")
    assert (code, said.splitlines()) == (
        0,
        ["1 of the batches is superseded already; the next build says more"],
    )

    assert main(["build"]) == 0
    assert ask(
        home,
        "select status, valid_count, quarantined_count, replay_of"
        " from rpt_batch_reconciliation where source_uri = 'log.csv' order by status",
    ) == [("current", 2, 1, replayed["batch_id"]), ("superseded", 0, 0, None)]
    assert ask(home, "select show_name from fct_plays order by all") == [
        ("Alba",),
        ("Brume",),
        ("Dune",),
    ]
    # The 2nd was still going on in release 1; the day before was over.
    assert ask(
        home,
        "select activity_date::varchar, causes, play_count_before, play_count_after"
        " from restatements",
    ) == [("2026-03-01", ["replay"], 1, 2)]
