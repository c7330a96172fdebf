"""`python -m benchmarks [NAME …]`: run all benchmarks but the long ones, or those named."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final, Protocol, cast

NAMES: Final = (
    "landing",
    "building",
    "firstbuild",
    "truth",
    "compaction",
    "streaming",
    "freshness",
    "intake",
    "pages",
    "serving",
)
LONG: Final = ("soak",)
"""Run only when named."""


class Benchmark(Protocol):
    """What a benchmark module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its options."""

    def run(self, arguments: argparse.Namespace) -> str:
        """Measure, and return Markdown."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run benchmarks and print what they found."""
    every = (*NAMES, *LONG)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(every)}")
    modules = {
        name: cast("Benchmark", importlib.import_module(f"benchmarks.{name}")) for name in every
    }
    for module in modules.values():
        module.add_arguments(parser)
    arguments = parser.parse_args(argv)
    for name in arguments.names or NAMES:
        if name not in modules:
            parser.error(f"there is no benchmark {name}; choose from {', '.join(every)}")
        sys.stdout.write(modules[name].run(arguments) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
