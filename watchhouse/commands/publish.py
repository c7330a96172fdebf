"""`watchhouse publish`: publish what the last complete run of dbt built and tested."""

import argparse
import logging

from watchhouse.commands.build import (
    add_common_arguments,
    document,
    published_line,
    with_lock_timeout,
    write_json,
)
from watchhouse.settings import Settings
from watchhouse.warehouse import Warehouse

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_common_arguments(parser)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Publish; say what was done."""
    outcome = Warehouse(with_lock_timeout(arguments, settings)).publish()
    if outcome.is_new:
        logger.info("%s", published_line(outcome))
    else:
        logger.info("nothing new to publish: release %d is current", outcome.manifest.release_id)
    if arguments.json:
        write_json(document(outcome))
    return 0
