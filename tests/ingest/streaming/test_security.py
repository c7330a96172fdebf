"""A broker that asks who we are, over TLS: what lands, and what is said when we are not let in."""

from collections.abc import Callable

import pytest

from tests.api.conftest import Service
from tests.brokers.servers import Secured
from tests.ingest.streaming.conftest import Streams, event
from watchhouse.cli import main
from watchhouse.connection import client_options
from watchhouse.refusals import refusal
from watchhouse.settings import Settings

Entry = dict[str, str]


@pytest.fixture
def door(streams: Streams) -> Secured:
    """Return the door of the broker that is secured."""
    if streams.broker.secured is None:
        pytest.skip(f"{streams.broker.name} has no listener with TLS and SASL of ours")
    return streams.broker.secured


@pytest.fixture
def entry(door: Secured) -> Entry:
    """Return the settings that let us in."""
    return {
        "bootstrap_servers": f"127.0.0.1:{door.port}",
        "security_protocol": "SASL_SSL",
        "ssl_ca_file": str(door.ca_file),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_username": door.user,
        "sasl_password": door.password,
    }


@pytest.fixture
def enter(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set these settings, with some changed, as variables."""

    def set_them(**changed: str) -> None:
        for name, value in {**entry, **changed}.items():
            monkeypatch.setenv(f"WATCHHOUSE_KAFKA_{name.upper()}", value)

    return set_them


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_events_are_sent_and_land(
    streams: Streams, enter: Callable[..., None], mechanism: str
) -> None:
    topic = streams.topic()
    enter(sasl_mechanism=mechanism)
    assert main(["produce", "--topic", topic, "--events", "30"]) == 0
    code, summary, _ = streams.stream(topic)
    assert (code, summary["read"]) == (0, 30)


def test_events_over_http_go_there_and_land(
    streams: Streams, entry: Entry, enter: Callable[..., None], serve: Callable[..., Service]
) -> None:
    topic = streams.topic()
    given = {f"WATCHHOUSE_KAFKA_{name.upper()}": value for name, value in entry.items()}
    service = serve(variables={**given, "WATCHHOUSE_INTAKE_TOPIC": topic})
    with service.client() as client:
        answer = client.post("/events", content=event(1))
    assert answer.status_code == 202
    service.stop()
    enter()
    assert streams.stream(topic)[1]["landed"] == 1


REFUSALS = {
    "wrong password": (
        {"sasl_password": "mistyped"},
        "does not let 'anna' in; correct WATCHHOUSE_KAFKA_SASL_USERNAME",
    ),
    "unknown user": (
        {"sasl_username": "nobody", "sasl_mechanism": "PLAIN"},
        "does not let 'nobody' in; correct WATCHHOUSE_KAFKA_SASL_USERNAME",
    ),
    "other mechanism": (
        {"sasl_mechanism": "SCRAM-SHA-256"},
        "set WATCHHOUSE_KAFKA_SASL_MECHANISM to one of PLAIN, SCRAM-SHA-512",
    ),
    "plaintext to TLS": (
        {"security_protocol": "SASL_PLAINTEXT"},
        "does not speak SASL_PLAINTEXT; set WATCHHOUSE_KAFKA_SECURITY_PROTOCOL to SASL_SSL",
    ),
    "nobody to SASL": (
        {"security_protocol": "SSL", "sasl_mechanism": ""},
        "does not speak SSL; set WATCHHOUSE_KAFKA_SECURITY_PROTOCOL to SASL_SSL",
    ),
    "plaintext and nobody": (
        {"security_protocol": "PLAINTEXT", "sasl_mechanism": ""},
        "does not speak PLAINTEXT; set WATCHHOUSE_KAFKA_SECURITY_PROTOCOL to SASL_SSL",
    ),
    "untrusted": (
        {"ssl_ca_file": ""},
        "is not trusted (self-signed certificate); name the file with the certificate of who",
    ),
}


def reason(entry: Entry) -> str | None:
    given = {f"kafka_{name}": value for name, value in entry.items() if value}
    return refusal(client_options(Settings.model_validate(given)))


@pytest.mark.parametrize(("changed", "remedy"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_is_told_with_its_remedy(entry: Entry, changed: Entry, remedy: str) -> None:
    assert remedy in (reason({**entry, **changed}) or "")
    assert reason(entry) is None


def test_another_name_of_the_host_is_told(entry: Entry) -> None:
    address = entry["bootstrap_servers"].replace("127.0.0.1", "localhost")
    said = reason({**entry, "bootstrap_servers": address}) or ""
    assert "localhost" in said
    assert "WATCHHOUSE_KAFKA_SSL_CHECK_HOSTNAME" in said


def test_tls_to_a_plain_port_is_told(streams: Streams, entry: Entry) -> None:
    said = reason({**entry, "bootstrap_servers": streams.broker.servers})
    assert "set WATCHHOUSE_KAFKA_SECURITY_PROTOCOL to PLAINTEXT" in (said or "")


def test_a_broker_that_is_away_may_come_back(entry: Entry) -> None:
    assert reason({**entry, "bootstrap_servers": "127.0.0.1:1"}) is None


def test_a_refusal_ends_the_loader_with_one_line_and_no_secret(
    streams: Streams, entry: Entry, enter: Callable[..., None]
) -> None:
    mistyped = f"not-{entry['sasl_password']}"
    enter(sasl_mechanism="PLAIN", sasl_password=mistyped)
    loader = streams.loader("t", options=["--verbose"])
    printed, said = loader.communicate(timeout=60)
    assert loader.returncode == 1
    assert said.count("error: the broker at ") == 1
    assert "WATCHHOUSE_KAFKA_SASL_PASSWORD" in said
    assert "Traceback" not in said
    assert mistyped not in printed + said


def test_a_refusal_is_said_once_where_events_are_posted(
    entry: Entry, serve: Callable[..., Service]
) -> None:
    given = {f"WATCHHOUSE_KAFKA_{name.upper()}": value for name, value in entry.items()}
    del given["WATCHHOUSE_KAFKA_SSL_CA_FILE"]
    service = serve(variables={**given, "WATCHHOUSE_INTAKE_TOPIC": "t"})
    with service.client() as client:
        assert client.post("/events", content=event(1)).status_code == 503
    service.stop()
    assert sum("WATCHHOUSE_KAFKA_SSL_CA_FILE" in line for line in service.said) == 1


def test_files_that_are_no_certificates_are_told(
    entry: Entry, enter: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    enter(ssl_ca_file=__file__)
    assert main(["produce", "--topic", "t"]) == 1
    assert f"WATCHHOUSE_KAFKA_SSL_CA_FILE: {__file__} holds no certificates" in caplog.text
    enter(ssl_certificate_file=entry["ssl_ca_file"])
    assert main(["produce", "--topic", "t"]) == 1
    assert "WATCHHOUSE_KAFKA_SSL_CERTIFICATE_FILE, KEY_FILE" in caplog.text
