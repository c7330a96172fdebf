"""Events accepted over HTTP, each on disk before it is acknowledged: rate and latency."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measuring import WORK, say, table

_CONNECTIONS: Final = 32
_SECONDS: Final = 8
_ROUNDS: Final = 3
_SCRIPT: Final = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local size, path, count = %d, "%s", 0
math.randomseed(os.time())
local run = math.random(1e9)
request = function()
  local events = {}
  for index = 1, size do
    count = count + 1
    events[index] = string.format('{"event_id":"%%d-%%d","user_id":"u-%%d","show_name":"Dark",'
      .. '"watch_date":"2026-11-23T20:15:00Z","watch_duration_minutes":51.5,"season":1,'
      .. '"episode":%%d,"device":"tv","country":"DK"}', run, count, count %% 5000, count %% 10)
  end
  local body = size == 1 and events[1] or table.concat(events, "\\n")
  return wrk.format(nil, path, nil, body)
end
"""


@dataclass(frozen=True)
class _Case:
    title: str
    path: str
    size: int


_CASES: Final = (
    _Case("one event per request", "/events", 1),
    _Case("batches of 500", "/events/batch", 500),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--intake-workers", type=int, default=1, metavar="N", help="default 1")


def run(arguments: argparse.Namespace) -> str:
    """Measure both shapes of request in turns, and return a table of medians."""
    if shutil.which("wrk") is None:
        return "HTTP intake: not measured, `wrk` is not installed"
    WORK.mkdir(exist_ok=True)
    found: dict[str, list[tuple[float, float, float]]] = {case.title: [] for case in _CASES}
    for turn in range(_ROUNDS):
        for case in _CASES:
            say(f"intake: {case.title}, round {turn + 1} of {_ROUNDS}")
            found[case.title].append(_measure(case, arguments.intake_workers))
    rows = []
    for title, results in found.items():
        rate, middle, tail = sorted(results)[len(results) // 2]
        rows.append((title, f"{rate:,.0f}", f"{middle:.1f} ms", f"{tail:.1f} ms"))
    heading = (
        f"HTTP intake, {_CONNECTIONS} connections, {arguments.intake_workers} worker(s), "
        "fsync before each answer, load generator on the same machine:"
    )
    return heading + "\n\n" + table(("", "events/s", "p50", "p99"), rows) + "\n"


def _measure(case: _Case, workers: int) -> tuple[float, float, float]:
    """Return events a second, and the middle and 99th percentile of a request in milliseconds."""
    with tempfile.TemporaryDirectory(dir=WORK) as home:
        server = subprocess.Popen(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "watchhouse", "serve", "--only", "api"),
                *("--api-port", "0", "--workers", str(workers)),
            ],
            env={**os.environ, "WATCHHOUSE_HOME": home},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said = server.stderr.readline() if server.stderr else ""
            match = re.match(r"(http://\S+)", said)
            if match is None:
                message = f"the server did not start: {said}"
                raise RuntimeError(message)
            script = Path(home) / "load.lua"
            script.write_text(_SCRIPT % (case.size, case.path), encoding="utf-8")
            for seconds in (1, _SECONDS):
                printed = subprocess.run(  # noqa: S603 - our own arguments
                    [
                        *("wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency"),
                        *("-s", str(script), match[1]),
                    ],
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout
        finally:
            server.terminate()
            server.wait()
            if server.stderr:
                server.stderr.close()
    if "Non-2xx" in printed:
        message = f"not all requests were accepted:\n{printed}"
        raise RuntimeError(message)
    rate = float(re.findall(r"Requests/sec:\s*([\d.]+)", printed)[0])
    return rate * case.size, _milliseconds(printed, "50%"), _milliseconds(printed, "99%")


def _milliseconds(printed: str, label: str) -> float:
    number, unit = re.findall(rf"{label}\s+([\d.]+)(us|ms|s)", printed)[0]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
