"""Questions answered over HTTP, beside a constant, ROAPI and Datasette on the same tables.

    python -m benchmarks serving

All servers run at once, each with one worker as it comes, and are asked in turns by `wrk` on the
same machine, with 1 and with 32 connections. Every request but those of the rows that say so asks
something that was not asked before. Figures are medians of the rounds.
"""

import argparse
import itertools
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from benchmarks.environments import commands_of
from benchmarks.measuring import OURS, say, table
from benchmarks.showcase import (
    DAYS,
    FOLDER,
    PARQUET,
    SHOWS,
    SQLITE,
    TABLES,
    USERS,
    environment,
    make_peers_tables,
    make_release,
    pseudonyms,
)

_CONNECTIONS: Final = (1, 32)
_STRIDE: Final = 30_000
"""Requests that one run may make before it asks what the next one of its kind does.

Six runs of a kind ask for fewer users than there are.
"""
_PEERS: Final = ("roapi>=0.12", "datasette>=0.65,<1")
_TIMES: Final = re.compile(r"(50|99)%\s+([\d.]+)(us|ms|s)")

_SCRIPT: Final = """
local count = {first}
local names = {{}}
for line in io.lines("{names}") do names[#names + 1] = line end
local function day(number)
  return os.date("!%Y-%m-%d", 1748736000 + number * 86400)
end
request = function()
  count = count + 1
  local show = string.format("show-%05d", count % {shows})
  local first = math.floor(count / {shows})
  {body}
end
"""
_POINT: Final = "local a, b = day(first % {days}), day(first % {days} + 1)"
_SERIES: Final = "local a, b = day(first % ({days} - 30)), day(first % ({days} - 30) + 30)"
_TOP: Final = "local a = day(count % 181); local b = day(count % 181 + 30 + count % 149)"
_USER: Final = "local raw = 'u-' .. count % {users}; local user = names[count % {users} + 1]"
_SHOW_DAYS: Final = (
    "select show_id, activity_date, play_count, user_count, complete_play_count,"
    " known_runtime_play_count, watched_microseconds, hours_viewed from fct_show_days"
    " where show_id = {show} and activity_date >= {a} and activity_date < {b}"
)
_TOP_SHOWS: Final = (
    "select show_id, sum(hours_viewed) as hours_viewed from fct_show_days"
    " where activity_date >= {a} and activity_date < {b}"
    " group by show_id order by hours_viewed desc limit 10"
)
_PROFILE: Final = (
    "select user_id, country, plan, signed_up_on, first_watched_at, last_watched_at, play_count,"
    " session_count, watched_microseconds, engagement_score, engagement_segment, l28, is_at_risk,"
    " is_dormant from rpt_users where user_id = {user}"
)
_ORDER: Final = (
    "a constant (the floor)",
    "unchanged (304)",
    "asked before",
    "point look-up",
    "30-day series",
    "top 10 over a range",
    "user profile",
)


@dataclass(frozen=True)
class _Case:
    """One server asked one kind of question, by the body of a Lua function."""

    workload: str
    server: str
    body: str


def _get(path: str, headers: str = "") -> str:
    """Return the Lua that asks for a path, in which `<name>` is a variable."""
    spliced = re.sub(r"<(\w+)>", r"' .. \1 .. '", path)
    return f"return wrk.format('GET', '{spliced}', {{{headers}}})"


def _cases_of_watchhouse() -> Iterator[_Case]:
    name = "**Watchhouse**"
    days = "/v1/shows/<show>/days?from=<a>&to=<b>"
    top = (
        "/v1/metrics/query?metrics=hours_viewed&dimensions=show_id&sort=-hours_viewed&limit=10"
        "&from=<a>&to=<b>"
    )
    yield _Case("point look-up", name, f"{_POINT} {_get(days)}")
    yield _Case("30-day series", name, f"{_SERIES} {_get(days)}")
    yield _Case("top 10 over a range", name, f"{_TOP} {_get(top)}")
    yield _Case("user profile", name, f"{_USER} {_get('/v1/users/<raw>')}")


def _cases_of_roapi() -> Iterator[_Case]:
    def ask(sql: str) -> str:
        given = {"show": "'<show>'", "user": "'<user>'", "a": "date '<a>'", "b": "date '<b>'"}
        spliced = re.sub(r"<(\w+)>", r'" .. \1 .. "', sql.format(**given))
        return f"return wrk.format('POST', '/api/sql', nil, \"{spliced}\")"

    yield _Case("point look-up", "ROAPI", f"{_POINT} {ask(_SHOW_DAYS)}")
    yield _Case("30-day series", "ROAPI", f"{_SERIES} {ask(_SHOW_DAYS)}")
    yield _Case("top 10 over a range", "ROAPI", f"{_TOP} {ask(_TOP_SHOWS)}")
    yield _Case("user profile", "ROAPI", f"{_USER} {ask(_PROFILE)}")


def _cases_of_datasette() -> Iterator[_Case]:
    rows = "/release/fct_show_days.json?_shape=array&_nocount=1&_nofacet=1&show_id=<show>"
    series = f"{rows}&activity_date__gte=<a>&activity_date__lt=<b>"

    def ask(sql: str, *names: str) -> str:
        asked = quote(sql.format(**{name: f":{name}" for name in names}))
        given = "".join(f"&{name}=<{name}>" for name in names)
        return _get(f"/release.json?_shape=array&sql={asked}{given}")

    yield _Case("point look-up", "Datasette", f"{_POINT} {_get(f'{rows}&activity_date=<a>')}")
    yield _Case("30-day series", "Datasette", f"{_SERIES} {_get(series)}")
    yield _Case("top 10 over a range", "Datasette", f"{_TOP} {ask(_TOP_SHOWS, 'a', 'b')}")
    yield _Case("user profile", "Datasette", f"{_USER} {ask(_PROFILE, 'user')}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("serving")
    group.add_argument("--serving-rounds", type=int, default=3, metavar="N")
    group.add_argument("--serving-seconds", type=int, default=2, metavar="N", help="of each run")
    group.add_argument("--serving-alone", action="store_true", help="leave ROAPI and Datasette out")


def run(arguments: argparse.Namespace) -> str:
    """Measure all in turns, and return a table of medians."""
    if shutil.which("wrk") is None:
        return "Serving: not measured, `wrk` is not installed (`apt-get install wrk`)"
    home = make_release()
    names = FOLDER / "users.txt"
    names.write_text("\n".join(pseudonyms()), encoding="utf-8")
    cases = [_Case("a constant (the floor)", "FastAPI", _get("/"))]
    with ExitStack() as stack:
        urls = {"FastAPI": stack.enter_context(_floor())}
        urls["**Watchhouse**"] = stack.enter_context(_watchhouse())
        cases += _cases_of_watchhouse()
        if not arguments.serving_alone:
            make_peers_tables(home)
            folder = commands_of("serving-peers", _PEERS)
            urls["ROAPI"] = stack.enter_context(_roapi(folder))
            urls["Datasette"] = stack.enter_context(_datasette(folder))
            cases += [*_cases_of_roapi(), *_cases_of_datasette()]
        cases += _kept_cases(urls["**Watchhouse**"])
        cases.sort(key=lambda case: _ORDER.index(case.workload))
        found: dict[tuple[_Case, int], list[tuple[float, float, float]]] = {}
        for turn in range(arguments.serving_rounds):
            for case, (place, connections) in itertools.product(cases, enumerate(_CONNECTIONS)):
                run = turn * len(_CONNECTIONS) + place
                say(f"serving: {case.workload}, {case.server}, {connections}, round {turn + 1}")
                body = _SCRIPT
                for mark, value in {
                    "body": case.body,
                    "first": str(run * _STRIDE),
                    "names": str(names),
                    "shows": str(SHOWS),
                    "days": str(DAYS),
                    "users": str(USERS),
                }.items():
                    body = body.replace(f"{{{mark}}}", value)
                figures = _asked(
                    urls[case.server], body, connections, seconds=arguments.serving_seconds
                )
                found.setdefault((case, connections), []).append(figures)
    return _shown(cases, found)


def _shown(
    cases: Sequence[_Case], found: Mapping[tuple[_Case, int], list[tuple[float, float, float]]]
) -> str:
    rows = []
    for case in cases:
        row = [f"{case.workload}: {case.server}"]
        for connections in _CONNECTIONS:
            middle, tail, rate = (
                statistics.median(figures)
                for figures in zip(*found[case, connections], strict=True)
            )
            row += [f"{middle:.2f}", f"{tail:.2f}", f"{rate:,.0f}"]
        rows.append(row)
    header = ["ms"]
    for connections in _CONNECTIONS:
        header += [f"{connections}: p50", "p99", "requests/s"]
    return (
        f"{SHOWS * DAYS:,} show-days and {USERS:,} users, one worker each, 1 and 32 connections, "
        "load generator on the same machine:\n\n" + table(header, rows) + "\n"
    )


def _kept_cases(url: str) -> Iterator[_Case]:
    """Ask once, so that the answer is at hand, and then again for the same."""
    path = "/v1/shows/show-00001/days?from=2025-07-01&to=2025-07-02"
    with urllib.request.urlopen(url + path) as answer:  # noqa: S310 - our own server
        tag = answer.headers["ETag"].strip('"')
    yield _Case("asked before", "**Watchhouse**", _get(path))
    headers = f"""["If-None-Match"] = '"{tag}"'"""
    yield _Case("unchanged (304)", "**Watchhouse**", _get(path, headers))


def _asked(url: str, script: str, connections: int, *, seconds: int) -> tuple[float, float, float]:
    """Return the middle and the 99th percentile in milliseconds, and requests a second.

    Raises:
        RuntimeError: some were not answered.
    """
    path = FOLDER / "load.lua"
    path.write_text(script, encoding="utf-8")
    printed = subprocess.run(  # noqa: S603 - our own arguments
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"),
            *("-s", str(path), url),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        message = f"not all requests were answered:\n{script}\n{printed}"
        raise RuntimeError(message)
    times = {
        label: float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
        for label, number, unit in _TIMES.findall(printed)
    }
    rate = float(re.findall(r"Requests/sec:\s*([\d.]+)", printed)[0])
    return times["50"], times["99"], rate


@contextmanager
def _server(*command: str, path: str = "/", port: int) -> Iterator[str]:
    """Run a server, and yield where it is once it answers.

    Raises:
        RuntimeError: it did not, within a minute.
    """
    url = f"http://127.0.0.1:{port}"
    with (FOLDER / "servers.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, env=environment(), cwd=FOLDER, stdout=log, stderr=log
        )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url + path).close()  # noqa: S310 - our own server
                break
            except OSError:
                time.sleep(0.1)
        else:
            message = f"{command[0]} does not answer; {FOLDER / 'servers.log'} says why"
            raise RuntimeError(message)
        yield url
    finally:
        process.terminate()
        process.wait()


def _floor() -> AbstractContextManager[str]:
    port = _free_port()
    return _server(sys.executable, str(Path(__file__).with_name("floor.py")), str(port), port=port)


def _watchhouse() -> AbstractContextManager[str]:
    port = _free_port()
    command = (*OURS, "serve", "--only", "api", "--api-port", str(port))
    return _server(*command, path="/ready", port=port)


def _roapi(folder: Path) -> AbstractContextManager[str]:
    port = _free_port()
    tables = [f"--table={name}={PARQUET / f'{name}.parquet'}" for name in TABLES]
    return _server(
        *(str(folder / "roapi"), "--addr-http", f"127.0.0.1:{port}", *tables),
        path="/health",
        port=port,
    )


def _datasette(folder: Path) -> AbstractContextManager[str]:
    port = _free_port()
    return _server(
        *(str(folder / "datasette"), "serve", str(SQLITE), "--port", str(port)),
        *("--setting", "sql_time_limit_ms", "30000"),
        path="/-/versions.json",
        port=port,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
