"""Progress on a terminal; nothing in a pipe."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Meter:
    """Told how much there is (bytes, files), then how much more is done."""

    started: Callable[[int], None]
    advanced: Callable[[int], None]


def meter(path: Path) -> AbstractContextManager[Meter]:
    """Show how far the landing of a file has come, on standard error if that is a terminal."""
    return _shown(path.name, in_bytes=True)


def counter(text: str) -> AbstractContextManager[Meter]:
    """Show how many files of some are done, on standard error if that is a terminal."""
    return _shown(text, in_bytes=False)


@contextlib.contextmanager
def _shown(text: str, *, in_bytes: bool) -> Iterator[Meter]:
    if not sys.stderr.isatty():
        yield Meter(lambda _: None, lambda _: None)
        return
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield Meter(
            lambda total: progress.update(task, total=total),
            lambda done: progress.advance(task, done),
        )
