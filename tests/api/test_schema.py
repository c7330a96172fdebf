"""The running service keeps what its OpenAPI document promises."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.api.conftest import REPOSITORY, Service


def test_no_request_breaks_it(reading: Callable[..., Service], tmp_path: Path) -> None:
    service = reading()
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert command is not None
    checked = subprocess.run(
        [
            *(command, "run", f"{service.url}/openapi.json", "--seed", "20261123"),
            *("--max-examples", "20", "--phases", "examples,coverage,fuzzing"),
            *("--checks", "all", "--no-color"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "SCHEMATHESIS_HOOKS": "tests.api.wellformed",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout[-6000:] + checked.stderr[-2000:]
