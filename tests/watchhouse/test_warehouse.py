"""From landed files to releases, with the real models: failures, crashes and company."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

from watchhouse.cli import main
from watchhouse.errors import BuildError, EngineError, PublishError
from watchhouse.fingerprint import PROJECT
from watchhouse.layout import Home
from watchhouse.releases import open_current
from watchhouse.settings import Settings
from watchhouse.state import home_state
from watchhouse.warehouse import Warehouse

_FATAL = "FATAL Error: Failed: database has been invalidated because of a previous fatal error."
_HEADER = "user_id,show_name,watch_date,watch_duration_minutes\n"


@pytest.fixture
def land(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that lands events of one day as a batch and returns its ledger entry."""
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home.root))
    monkeypatch.chdir(tmp_path)

    def land_day(day: str, shows: Sequence[str]) -> Path:
        before = set(home.ledger.rglob("*.json"))
        path = tmp_path / f"{day}.csv"
        rows = [f"someone,{show},{day}T10:{i:02}:00Z,30\n" for i, show in enumerate(shows)]
        path.write_text(_HEADER + "".join(rows))
        assert main(["ingest", str(path)]) == 0
        (entry,) = set(home.ledger.rglob("*.json")) - before
        return entry

    return land_day


def plays(home: Home) -> tuple[int, int]:
    """Return the number of the current release and of its plays."""
    with open_current(home) as release:
        row = release.cursor().execute("select count(*) from fct_plays").fetchone()
        return release.manifest.release_id, row[0] if row else -1


def test_what_fails_is_not_published_and_taken_again(
    home: Home, land: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = Warehouse(Settings(home=home.root))
    land("2026-03-02", ["Alpha", "Beta"])
    dbt = Path(sys.executable).with_name("dbt")
    by_hand = subprocess.run(
        [
            dbt,
            "build",
            "--project-dir",
            PROJECT,
            "--profiles-dir",
            PROJECT,
            "--target-path",
            home.build / "target",
            "--log-path",
            home.root / "logs",
            "--quiet",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert by_hand.returncode == 0, by_hand.stdout
    assert not home.current.is_symlink()
    assert warehouse.publish().is_new
    assert not warehouse.publish().is_new
    assert plays(home) == (1, 2)

    entry = land("2026-03-03", ["Alpha", "Alpha", "Gamma"])
    with pytest.raises(PublishError, match="1 batch has landed"):
        warehouse.publish()
    truth = entry.read_text()
    # A ledger that claims a row too many breaks the conservation of rows.
    entry.chmod(0o644)
    entry.write_text(json.dumps(json.loads(truth) | {"landed_count": 4, "read_count": 4}) + "\n")
    with pytest.raises(BuildError, match="nothing was published") as raised:
        warehouse.build()
    query = str(raised.value).split('watchhouse sql --build "')[1].split('"')[0]
    capsys.readouterr()
    assert main(["sql", "--build", query, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) >= 1
    with pytest.raises(PublishError, match="failed"):
        warehouse.publish()
    assert plays(home) == (1, 2)

    entry.write_text(truth)
    # A new process, as it were: nothing is known from before but what is on disk.
    warehouse = Warehouse(Settings(home=home.root))
    outcome = warehouse.build()
    assert outcome.report is not None
    assert not outcome.report.full_refresh
    assert plays(home) == (2, 5)
    assert home_state(home).seen == home_state(home).published

    again = warehouse.build()
    assert not again.is_new
    assert again.report is None
    assert plays(home) == (2, 5)
    assert main(["status", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["waiting_batch_count"] == 0
    assert report["reconciliation"]["landed_count"] == 5
    assert report["reconciliation"]["valid_count"] == 5
    assert report["reconciliation"]["conservation_gap"] == 0


@pytest.mark.parametrize("count", [1, 2])
def test_a_fault_of_the_engine_is_tried_once_more(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, count: int
) -> None:
    left = [_FATAL] * count
    invoke = dbtRunner.invoke

    def fail(self: dbtRunner, arguments: list[str]) -> dbtRunnerResult:
        if arguments[0] == "build" and left:
            return dbtRunnerResult(success=False, exception=RuntimeError(left.pop()))
        return invoke(self, arguments)

    monkeypatch.setattr(dbtRunner, "invoke", fail)
    warehouse = Warehouse(Settings(home=home.root))
    if count == 1:
        assert warehouse.build().is_new
    else:
        with pytest.raises(EngineError, match=r"dbt\.log"):
            warehouse.build()

    assert sum("Building once more" in message for message in caplog.messages) == 1


def test_a_killed_build_is_made_up_for_and_two_builders_take_turns(home: Home, land: Any) -> None:
    land("2026-03-02", ["Alpha", "Beta"])

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "watchhouse", "build"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    with start() as killed:
        assert killed.stderr is not None
        assert killed.stderr.readline().startswith("building: ")
        assert "done" in killed.stderr.readline()
        killed.kill()
    assert not home.current.is_symlink()

    with start() as one, start() as other:
        said = sorted((builder.communicate()[1], builder.returncode) for builder in (one, other))
    assert [code for _, code in said] == [0, 0]
    text = "".join(message for message, _ in said)
    assert text.count("waiting up to") == 1
    assert text.count("published release 1") == 1
    assert text.count("nothing new to build: release 1") == 1
    assert plays(home) == (1, 2)
