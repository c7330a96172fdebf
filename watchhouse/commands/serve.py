"""`watchhouse serve`: answer over HTTP."""

import argparse
import importlib
import importlib.util
import logging
import os
import signal
import subprocess
import sys
from types import FrameType
from typing import Final, Protocol, cast

from watchhouse.errors import UsageError
from watchhouse.settings import Settings

logger = logging.getLogger(__name__)

_PROGRAMS: Final = {"api": "api.serving", "dashboard": "dashboard.serving"}
_HIGHEST_PORT: Final = 65_535


class Program(Protocol):
    """What a program that serves offers."""

    def serve(
        self, settings: Settings, *, host: str, port: int, workers: int, is_held: bool
    ) -> int:
        """Serve until told to stop; return the exit code.

        One that is held ends with its standard input, too.
        """


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse serve`."""
    parser.add_argument("--only", choices=sorted(_PROGRAMS), help="serve just this one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--api-port", type=_port, default=8000, metavar="N", help="default 8000")
    parser.add_argument(
        "--dashboard-port", type=_port, default=8501, metavar="N", help="default 8501"
    )
    parser.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="processes of the API; default 1"
    )
    # How this command starts its children.
    parser.add_argument("--held", action="store_true", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until told to stop."""
    os.environ["WATCHHOUSE_HOME"] = str(settings.layout().root)  # for workers, wherever they are
    ports = {"api": arguments.api_port, "dashboard": arguments.dashboard_port}
    names = [name for name in _PROGRAMS if importlib.util.find_spec(name) is not None]
    if arguments.only is not None:
        if arguments.only not in names:
            message = f"--only {arguments.only}: this installation has no such program"
            raise UsageError(message)
        names = [arguments.only]
    if len(names) == 1:
        (name,) = names
        program = cast("Program", importlib.import_module(_PROGRAMS[name]))
        return program.serve(
            settings,
            host=arguments.host,
            port=ports[name],
            workers=arguments.workers,
            is_held=arguments.held,
        )
    return _serve_all(names, arguments)


def _serve_all(names: list[str], arguments: argparse.Namespace) -> int:
    """Run each program in a process of its own; when one ends, so do the others.

    Only this process has the other end of their standard input. It is closed when this process is
    gone, be it killed: that ends them.
    """
    given, _ = os.pipe()
    children = [
        subprocess.Popen(  # noqa: S603 - our own command
            [
                *(sys.executable, "-m", "watchhouse", "serve", "--held", "--only", name),
                *("--host", arguments.host, "--workers", str(arguments.workers)),
                *("--api-port", str(arguments.api_port)),
                *("--dashboard-port", str(arguments.dashboard_port)),
            ],
            stdin=given,
        )
        for name in names
    ]
    os.close(given)
    is_told = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_told
        del number, frame
        is_told = True
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
    for child in children:
        if child.poll() is None:
            child.terminate()
    codes = [child.wait() for child in children]
    return 0 if is_told else max(1, *codes)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _HIGHEST_PORT:
        message = f"{number} is no port"
        raise argparse.ArgumentTypeError(message)
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        message = "at least one"
        raise argparse.ArgumentTypeError(message)
    return number
