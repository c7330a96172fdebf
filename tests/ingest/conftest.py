"""What the loader's tests share: a fresh home, and landing as the command does it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from watchhouse.cli import main


@dataclass(frozen=True)
class Lake:
    """A home in a temporary folder, and what can be asked of it."""

    home: Path
    inputs: Path
    ingest: Callable[..., tuple[int, dict[str, Any], str]]

    def write(self, name: str, content: str | bytes) -> Path:
        """Make an input file; text is UTF-8, its line ends untouched."""
        path = self.inputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def entries(self) -> list[dict[str, Any]]:
        """Return the ledger, oldest first."""
        lines = [json.loads(path.read_text()) for path in self.home.glob("raw/ledger/*/*.json")]
        return sorted(lines, key=lambda entry: entry["landed_at"])

    def rows(self, columns: str = "*", stream: str = "watch_events") -> list[tuple[Any, ...]]:
        """Return committed rows by position, through the ledger only."""
        paths = [f["path"] for e in self.entries() if e["stream"] == stream for f in e["files"]]
        return self._query(columns, paths)

    def rejects(self, columns: str = "*") -> list[tuple[Any, ...]]:
        """Return committed rejects by position."""
        paths = [file["path"] for entry in self.entries() for file in entry["reject_files"]]
        return self._query(columns, paths)

    def _query(self, columns: str, paths: list[str]) -> list[tuple[Any, ...]]:
        if not paths:
            return []
        files = [str(self.home / path) for path in paths]
        sql = f"select {columns} from read_parquet(?) order by source_uri, source_position"
        return duckdb.execute(sql, [files]).fetchall()


@pytest.fixture
def lake(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Lake:
    """Return a lake without a batch, whose key is always the same."""
    home = tmp_path / "home"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHHOUSE_HOME", str(home))
    monkeypatch.setenv("WATCHHOUSE_PSEUDONYM_KEY", "0b" * 32)

    def ingest(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        caplog.clear()
        caplog.set_level("INFO")
        code = main(["ingest", "--json", *map(str, arguments)])
        printed = capsys.readouterr().out
        return code, json.loads(printed) if printed else {}, "\n".join(caplog.messages)

    return Lake(home, tmp_path / "in", ingest)
