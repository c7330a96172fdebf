"""What a run of the tests says of itself."""

import os

from tests.brokers.servers import fetched_jars


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
