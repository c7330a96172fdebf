"""The script that makes the environment, with an interpreter that only says what it is asked."""

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
_PYTHON = """#!/bin/sh
case "$*" in
    *"-m venv"*)
        mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo "$(pwd -P)/.venv" > .venv/bin/activate ;;
    *"-m pip"*) echo begin >> log; sleep 0.3; echo end >> log ;;
esac
"""
_TOOLS = ("sh", "mkdir", "mv", "rm", "cat", "sleep", "grep", "cksum", "dirname", "cp")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout of what the script reads."""
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/setup.sh", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    python = tmp_path / "python"
    python.write_text(_PYTHON)
    python.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("tools", [(*_TOOLS, "flock"), _TOOLS], ids=["flock", "no flock"])
def test_two_setups_at_once_install_one_after_the_other(
    checkout: Path, tools: tuple[str, ...]
) -> None:
    path = checkout / "bin"
    path.mkdir()
    for tool in tools:
        found = shutil.which(tool)
        if found is None:
            pytest.skip(f"there is no {tool} here")
        (path / tool).symlink_to(found)
    if "flock" not in tools:
        # One that died has left this.
        (checkout / ".setup.lock.d").mkdir()
        (checkout / ".setup.lock.d" / "pid").write_text("99999999")

    both = [
        subprocess.Popen(
            [str(path / "sh"), "scripts/setup.sh", "runtime"],
            cwd=checkout,
            env={"PATH": str(path), "PYTHON": "./python"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=30)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert (checkout / "log").read_text().split() == ["begin", "end"] * 2, "by one of them only"
    assert sum("nothing to install" in text for text in said) == 1
