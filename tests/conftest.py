"""The order of the tests, and what a run of them says of itself."""

import os
from collections.abc import Sequence
from typing import Final

import pytest

from tests.brokers.servers import fetched_jars

_LONG: Final[Sequence[str]] = (
    "tests/watchhouse/test_warehouse.py",
    "tests/warehouse/",
    "tests/ingest/streaming/",
    "tests/watchhouse/commands/test_demo.py",
    "tests/watchhouse/test_replay.py",
    "tests/dashboard/test_browser.py",
    "tests/api/",
)
"""What takes minutes, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is long, so that no worker has a long file left when the other is done."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, path in enumerate(_LONG) if item.nodeid.startswith(path)), len(_LONG))

    items.sort(key=rank)


def pytest_report_header() -> str:
    """Say which broker the tests of the Kafka loader run on."""
    if servers := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return f"broker: the one at {servers}"
    if os.environ.get("WATCHHOUSE_TEST_BROKER") != "pip":
        if home := os.environ.get("KAFKA_HOME"):
            return f"broker: Apache Kafka in {home}"
        if jars := fetched_jars():
            return f"broker: Apache Kafka, {next(jars.glob('kafka_2.13-*.jar')).stem}"
    return "broker: noida-db from pip"
