"""Environments of their own for what is compared with, made on first use."""

import os
import subprocess
import venv
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import WORK, say


def commands_of(name: str, packages: Sequence[str]) -> Path:
    """Return the folder of commands, `python` among them, of an environment with the packages."""
    folder = WORK / name
    mark = folder / "installed"
    if not mark.exists():
        say(f"installing {', '.join(packages)} …")
        venv.create(folder, with_pip=True, clear=True)
        install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages]
        quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        subprocess.run(install, check=True, env=quiet)  # noqa: S603 - fixed arguments
        mark.touch()
    return folder / "bin"
