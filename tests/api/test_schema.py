"""The running service keeps what its OpenAPI document promises."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.api.conftest import Service

# A cursor that no page gave, and a key that was used for another body, are refused though no
# schema can say so.
_NOT_CHECKED = "positive_data_acceptance"


def test_no_request_breaks_it(reading: Callable[..., Service], tmp_path: Path) -> None:
    service = reading()
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert command is not None
    checked = subprocess.run(
        [
            *(command, "run", f"{service.url}/openapi.json", "--seed", "20261123"),
            *("--max-examples", "20", "--phases", "examples,coverage,fuzzing"),
            *("--checks", "all", "--exclude-checks", _NOT_CHECKED, "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout[-6000:]
