"""The dashboard left open while releases change under it: it has to follow, and to forget.

    python -m benchmarks soak --soak-minutes 60

One browser keeps an overview and the live tail open. Every so often events land and a release
follows, of the core marts or, every tenth time, of all. Both pages have to show the new figures by
themselves, and the server has to let old releases go and not to grow.
"""

import argparse
import json
import os
import shutil
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.homes import START, Worker
from benchmarks.measuring import OURS, WORK, measure, say, table
from watchhouse.layout import Home
from watchhouse.releases import open_current

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import BrowserContext, CDPSession, Page

FOLDER: Final = WORK / "soak"
_EVENTS: Final = 5_000
_DAYS: Final = 28
_LANDED: Final = 50
"""Events that land before each release."""
_FULL_EVERY: Final = 10
_FOLLOWED_WITHIN: Final = 60_000
"""Milliseconds after which a page that shows something old is reported."""
_MIB: Final = 1 << 20
_ROWS: Final = 5
_SHOWN: Final = """([label, value]) =>
    [...document.querySelectorAll("[data-testid=stMetric]")].some(each =>
        each.querySelector("[data-testid=stMetricLabel]").innerText.trim() === label
        && each.querySelector("[data-testid=stMetricValue]").innerText.trim() === value)
"""
_RELEASE: Final = "number => document.body.innerText.includes(`Release ${number}, published`)"


@dataclass(frozen=True)
class _State:
    """What there is at one moment: bytes of memory, and counts."""

    minutes: float
    release: int
    server_bytes: int
    threads: int
    handles: int
    held: tuple[int, ...]
    """Releases that the server has open, removed ones as well."""
    kept: int
    """Releases on the disk."""
    heap_bytes: int
    nodes: int


@dataclass
class _Soak:
    """Two open pages, the server behind them, and all that was seen."""

    home: Home
    process_id: int
    overview: "Page"
    tail: "Page"
    sessions: "Sequence[CDPSession]"
    begun: float
    states: list[_State] = field(default_factory=list)
    tail_seconds: list[float] = field(default_factory=list)
    release_seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("soak, which is run only when it is named")
    group.add_argument("--soak-minutes", type=float, default=60, metavar="N")
    group.add_argument(
        "--soak-every", type=float, default=60, metavar="SECONDS", help="between two releases"
    )


def run(arguments: argparse.Namespace) -> str:
    """Keep the pages open, and return a table of what the server and the browser held."""
    # Only here: whoever lands files needs no browser.
    from benchmarks.browsing import browsing, finish, served  # noqa: PLC0415
    from tests.dashboard.browser import BROWSER  # noqa: PLC0415

    if BROWSER is None:
        return "Soak: not measured, no browser: install one with `apt-get install chromium`"
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    root = FOLDER / "home"
    environment = {**os.environ, "WATCHHOUSE_HOME": str(root)}
    log = FOLDER / "server.log"
    worker = Worker(root)
    try:
        _begin(worker)
        command = (*OURS, "serve", "--only", "dashboard")
        with (
            served(command, "--dashboard-port", environment, log=log) as server,
            browsing() as context,
        ):
            overview, tail = context.pages[0], context.new_page()
            overview.goto(f"{server.url}/?days=All+days&compare=Nothing")
            finish(overview)
            tail.goto(f"{server.url}/live")
            soak = _Soak(
                home=Home(root),
                process_id=server.process_id,
                overview=overview,
                tail=tail,
                sessions=[context.new_cdp_session(page) for page in (overview, tail)],
                begun=time.monotonic(),
            )
            _listen(context, soak)
            _keep_open(soak, worker, arguments.soak_minutes * 60, arguments.soak_every)
    finally:
        worker.close()
    said = [line for line in log.read_text(errors="replace").splitlines() if "Traceback" in line]
    return _report(soak, len(said))


def _begin(worker: Worker) -> None:
    """Publish some weeks of events."""
    folder = FOLDER / "events"
    options = ("--events", str(_EVENTS), "--days", str(_DAYS), "--start-date", str(START))
    say("soak: a home with a few events")
    measure([*OURS, "simulate", "--out", str(folder), *options, "--files", "1"])
    worker.land(sorted(folder.glob("events-*.csv")))
    worker.build()


def _listen(context: "BrowserContext", soak: _Soak) -> None:
    """Note what the pages complain about."""
    context.on(
        "console",
        lambda said: soak.wrong.append(said.text) if said.type == "error" else None,
    )
    context.on("weberror", lambda error: soak.wrong.append(str(error.error)))


def _keep_open(soak: _Soak, worker: Worker, seconds: float, every: float) -> None:
    """Let events and releases come until the time is over."""
    number = 0
    soak.states.append(_look(soak))
    while (due := number * every) < seconds:
        soak.tail.wait_for_timeout(max(0.0, soak.begun + due - time.monotonic()) * 1000)
        number += 1
        _land(worker, number)
        soak.tail_seconds.append(_waited(soak, soak.tail, _SHOWN, ["Events landed", str(_LANDED)]))
        worker.build("core" if number % _FULL_EVERY else "full")
        soak.release_seconds.append(_followed(soak))
        _waited(soak, soak.tail, _SHOWN, ["Events landed", "0"])
        soak.states.append(_look(soak))
        say(f"soak: {soak.states[-1]}; wrong: {soak.wrong}")


def _land(worker: Worker, number: int) -> None:
    """Land events that nobody has seen before, of the last day."""
    day = START + timedelta(days=_DAYS - 1)
    path = FOLDER / "batch.ndjson"
    events = [
        {
            "event_id": f"soak-{number}-{place}",
            "user_id": f"soak-{place}",
            "show_name": f"Soak {place % 5}",
            "watch_date": f"{day}T{place % 20:02d}:{number % 60:02d}:00Z",
            "watch_duration_minutes": 1 + place,
        }
        for place in range(_LANDED)
    ]
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    worker.land([path])


def _followed(soak: _Soak) -> float:
    """Wait until the overview shows the current release and its plays; return the seconds."""
    with open_current(soak.home) as release:
        number = release.manifest.release_id
        ((plays,),) = (
            release.cursor().execute("select sum(play_count) from fct_platform_days").fetchall()
        )
    begun = time.monotonic()
    _waited(soak, soak.overview, _RELEASE, number)
    _waited(soak, soak.overview, _SHOWN, ["Plays", f"{plays:,}"])
    return time.monotonic() - begun


def _waited(soak: _Soak, page: "Page", condition: str, value: object) -> float:
    """Wait until a page shows something; return the seconds, and note it if it never does."""
    from playwright.sync_api import TimeoutError as NotInTimeError  # noqa: PLC0415

    begun = time.monotonic()
    try:
        page.wait_for_function(condition, arg=value, timeout=_FOLLOWED_WITHIN)
    except NotInTimeError:
        soak.wrong.append(f"{page.url} did not show {value}")
    if page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count():
        soak.wrong.append(f"{page.url} shows an error")
    return time.monotonic() - begun


def _look(soak: _Soak) -> _State:
    """Count what the server and the pages hold, once the browser has cleared away."""
    heap = nodes = 0
    for session in soak.sessions:
        session.send("HeapProfiler.collectGarbage")
        heap += int(session.send("Runtime.getHeapUsage")["usedSize"])
        nodes += int(session.send("Memory.getDOMCounters")["nodes"])
    process = Path("/proc") / str(soak.process_id)
    status = dict(
        line.split(":", 1) for line in (process / "status").read_text("utf-8").splitlines()
    )
    handles = [path for path in (process / "fd").iterdir() if path.is_symlink()]
    return _State(
        minutes=(time.monotonic() - soak.begun) / 60,
        release=int(soak.home.current.readlink().name),
        server_bytes=int(status["VmRSS"].split()[0]) * 1024,
        threads=int(status["Threads"]),
        handles=len(handles),
        held=tuple(sorted({found for path in handles if (found := _release_of(soak.home, path))})),
        kept=sum(path.name.isdigit() for path in soak.home.releases.iterdir()),
        heap_bytes=heap,
        nodes=nodes,
    )


def _release_of(home: Home, handle: Path) -> int:
    """Return the number of the release that a handle is of, 0 for all else."""
    try:
        target = handle.readlink()
    except FileNotFoundError:
        return 0
    within = str(target).removeprefix(f"{home.releases.resolve()}/")
    number = within.removeprefix(".tmp-").split("/")[0].split("-")[0]
    return int(number) if within != str(target) and number.isdigit() else 0


def _report(soak: _Soak, tracebacks: int) -> str:
    """Return the table, and what went wrong."""
    # The first look is before anything was read twice.
    states = soak.states[1:]
    step = max(1, (len(states) - 1) // (_ROWS - 1))
    picked = [*states[::-step][:_ROWS][::-1]]
    if states[0] not in picked:
        picked = [states[0], *picked]
    rows = [
        (
            f"{state.minutes:.0f}",
            f"{state.release:,}",
            f"{state.server_bytes / _MIB:,.0f} MiB",
            f"{state.threads}",
            f"{state.handles}",
            ", ".join(map(str, state.held)),
            f"{state.kept}",
            f"{state.heap_bytes / _MIB:,.1f} MiB",
            f"{state.nodes:,}",
        )
        for state in picked
    ]
    header = (
        *("minute", "release", "server", "threads", "handles", "releases open", "on the disk"),
        *("browser's heap", "nodes"),
    )
    found = "\n".join(f"- {line}" for line in dict.fromkeys(soak.wrong))
    return (
        f"Overview and live tail open for {states[-1].minutes:.0f} minutes and "
        f"{len(soak.release_seconds)} releases: {len(soak.wrong)} errors on the pages, "
        f"{tracebacks} in the server's log. New events were on the live page after "
        f"{max(soak.tail_seconds):.1f} s at most, a release on the overview after "
        f"{max(soak.release_seconds):.1f} s.\n\n{table(header, rows)}\n{found}"
    )
