"""How brokers are reached: settings as the client library takes them."""

import logging
from pathlib import Path
from typing import Any

from watchhouse.errors import SettingsError
from watchhouse.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Return what consumers, producers and administrators have in common.

    Raises:
        SettingsError: security settings do not fit together.
    """
    protocol = settings.kafka_security_protocol
    options: dict[str, Any] = {
        "bootstrap_servers": [s.strip() for s in settings.kafka_bootstrap_servers.split(",")],
        "security_protocol": protocol,
        "client_id": "watchhouse",
        "reconnect_backoff_max_ms": 5000,
        "bootstrap_timeout_ms": 5000,
    }
    if protocol.endswith("SSL"):
        password = settings.kafka_ssl_key_password
        options |= {
            "ssl_check_hostname": settings.kafka_ssl_check_hostname,
            "ssl_cafile": _path(settings.kafka_ssl_ca_file, "CA_FILE"),
            "ssl_certfile": _path(settings.kafka_ssl_certificate_file, "CERTIFICATE_FILE"),
            "ssl_keyfile": _path(settings.kafka_ssl_key_file, "KEY_FILE"),
            "ssl_password": None if password is None else password.get_secret_value(),
        }
    if protocol.startswith("SASL"):
        user, secret = settings.kafka_sasl_username, settings.kafka_sasl_password
        if settings.kafka_sasl_mechanism is None or user is None or secret is None:
            message = (
                f"WATCHHOUSE_KAFKA_SECURITY_PROTOCOL is {protocol}: give "
                "WATCHHOUSE_KAFKA_SASL_MECHANISM, WATCHHOUSE_KAFKA_SASL_USERNAME and "
                "WATCHHOUSE_KAFKA_SASL_PASSWORD as well"
            )
            raise SettingsError(message)
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": user,
            "sasl_plain_password": secret.get_secret_value(),
        }
    elif settings.kafka_sasl_mechanism is not None:
        message = (
            f"WATCHHOUSE_KAFKA_SASL_MECHANISM has no effect with protocol {protocol}: set "
            "WATCHHOUSE_KAFKA_SECURITY_PROTOCOL to SASL_SSL or SASL_PLAINTEXT"
        )
        raise SettingsError(message)
    return options


def _path(path: Path | None, name: str) -> str | None:
    if path is None:
        return None
    if not path.is_file():
        message = f"WATCHHOUSE_KAFKA_SSL_{name}: there is no file {path}"
        raise SettingsError(message)
    return str(path)


def quiet_client() -> None:
    """Keep the client library from reporting each failed attempt: we say once what is wrong."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
