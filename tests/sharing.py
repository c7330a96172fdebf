"""What takes long to make and is only read: made once in a run of the tests, for all workers."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def shared(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Yield the folder `name` of all workers; one of them at a time is inside the block."""
    base = factory.getbasetemp()
    # Workers have folders of their own in that of the run.
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / name
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)
        yield folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder `name`, which the first worker that asks for it makes; others wait."""
    with shared(factory, name) as folder:
        made = folder.with_suffix(".made")
        if not made.exists():
            shutil.rmtree(folder)
            folder.mkdir()
            make(folder)
            made.touch()
    return folder
