"""Wall time and peak memory of a command, in a process of its own."""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WORK: Final = Path(__file__).parent / "work"
"""Inputs, outputs and the peers' environment; not committed."""
OURS: Final = (sys.executable, "-m", "watchhouse")
"""The command, as far as its own first word."""
_RESIDENT_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts the resident size of a process."""


@dataclass(frozen=True)
class Run:
    """One run: wall and processor seconds, and peak resident memory in bytes."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Summary:
    """Several runs of one command, as medians."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


def measure(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command, start-up included.

    Raises:
        RuntimeError: it failed; what it said is in the message.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own commands
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    # The process was waited for above, as only that tells what it used.
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"{' '.join(command)} failed: {said.decode(errors='replace')[-2000:]}"
        raise RuntimeError(message)
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _RESIDENT_UNIT)


def peak_bytes() -> int:
    """Return the largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RESIDENT_UNIT


def summarise(runs: Sequence[Run]) -> Summary:
    """Return the medians of some runs; of memory the highest."""
    return Summary(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.processor_seconds for run in runs),
        max(run.peak_bytes for run in runs),
    )


def say(text: str) -> None:
    """Tell whoever waits what is being measured."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [
        "| " + " | ".join(header) + " |",
        "|---|" + "---:|" * (len(header) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines)
