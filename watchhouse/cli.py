"""The `watchhouse` command: reads the settings, sets up logging, hands over to one command.

Each command is a module with `add_arguments(parser)` and `run(arguments, settings) -> int`. It is
imported only when it is the one that was asked for, so that no command pays for another's imports.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Final, Protocol, cast

from watchhouse.errors import WatchhouseError
from watchhouse.settings import Settings, load_settings


class Command(Protocol):
    """What a command module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, arguments: argparse.Namespace, settings: Settings) -> int:
        """Do the work and return the exit code."""


COMMANDS: Final = {
    "demo": ("watchhouse.commands.demo", "all of it on made-up events, and what came out"),
    "demo-stream": ("watchhouse.commands.demo_stream", "the same through a Kafka broker"),
    "ingest": ("ingest.command", "land files as raw Parquet"),
    "stream": ("ingest.streaming.command", "land the messages of Kafka topics as they arrive"),
    "replay": ("ingest.replay", "take quarantined records back through the rules"),
    "compact": ("ingest.compaction.command", "make few large files of the many small ones"),
    "files": ("watchhouse.commands.files", "list the current raw files, for other engines"),
    "produce": ("ingest.streaming.produce", "send files or made-up events to a Kafka topic"),
    "build": ("watchhouse.commands.build", "build and test the models, then publish a release"),
    "publish": ("watchhouse.commands.publish", "publish what the last complete dbt build tested"),
    "run": ("ingest.running", "land and build without end: a release whenever something is new"),
    "sql": ("watchhouse.commands.sql", "ask the current release a question"),
    "status": ("watchhouse.commands.status", "what is landed, built, published and set aside"),
    "report": ("dashboard.report.command", "a week of the release as one HTML file, to be mailed"),
    "live": ("watchhouse.commands.live", "what landed since the release, provisional"),
    "metrics": ("watchhouse.commands.metrics", "what is measured, what it means, where it is"),
    "serve": ("watchhouse.commands.serve", "take events and answer questions over HTTP"),
    "api-keys": ("watchhouse.commands.api_keys", "make, list and revoke keys of the API"),
    "simulate": ("watchhouse.simulation.command", "make viewing events with a known truth"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    names = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="watchhouse", description="Viewing events in, engagement numbers out."
    )
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = names[0] if names else None
    for name, (module, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        subparser.add_argument(
            "-v", "--verbose", action="store_true", help="say more on standard error"
        )
        if name == asked:
            cast("Command", importlib.import_module(module)).add_arguments(subparser)
    arguments = parser.parse_args(names)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(message)s",
        stream=sys.stderr,
    )
    if isinstance(sys.stdout, TextIOWrapper):
        # A name that the terminal has no characters for is shown escaped, not as a traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    command = cast("Command", importlib.import_module(COMMANDS[arguments.command][0]))
    try:
        return command.run(arguments, load_settings())
    except WatchhouseError as error:
        logging.getLogger("watchhouse").error("error: %s", error)  # noqa: TRY400 - no traceback
        return error.exit_code
    except KeyboardInterrupt:
        logging.getLogger("watchhouse").error("stopped")  # noqa: TRY400 - no traceback
        return 130
    except BrokenPipeError:
        # The reader of our output left, as `head` does: not an error, but nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
