"""`watchhouse metrics`: what is measured, what it means, and where it is."""

import argparse
import json
import sys

from watchhouse.metrics import LEVELS, Metric, answerable, load_metrics
from watchhouse.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--level",
        choices=LEVELS,
        default=LEVELS[-1],
        help="only what input of this level is enough for: L0 user, show, date and duration; "
        "L1 also the catalogue; L2 also the optional columns of an event (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="print everything known, as JSON")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the registry. It needs no home: the metrics are the same in all of them."""
    del settings
    metrics = answerable(load_metrics(), arguments.level)
    if arguments.json:
        objects = [metric.model_dump() for metric in metrics]
        sys.stdout.write(json.dumps(objects, indent=2, ensure_ascii=False) + "\n")
        return 0
    width = max(len(metric.name) for metric in metrics)
    for metric in metrics:
        sys.stdout.write(_line(metric, width) + "\n")
    return 0


def _line(metric: Metric, width: int) -> str:
    place = f"{metric.mart}.{metric.column}"
    return f"{metric.name:{width}}  {metric.level}  {metric.unit:8}  {metric.formula}  [{place}]"
