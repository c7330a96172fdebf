"""How brokers are reached: settings as the client library takes them."""

import logging
import ssl
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
        options["ssl_context"] = _encryption(settings)
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


def _encryption(settings: Settings) -> ssl.SSLContext:
    """Return how the brokers' certificates are checked, and what we show of our own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.kafka_ssl_check_hostname
    authority = _path(settings.kafka_ssl_ca_file, "CA_FILE")
    if authority is None:
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(authority)
        except (OSError, ValueError) as error:
            message = (
                f"WATCHHOUSE_KAFKA_SSL_CA_FILE: {authority} holds no certificates in PEM "
                f"({_reason(error)}); convert it, or name another file"
            )
            raise SettingsError(message) from error
    certificate = _path(settings.kafka_ssl_certificate_file, "CERTIFICATE_FILE")
    key = _path(settings.kafka_ssl_key_file, "KEY_FILE")
    if certificate is None:
        if key is not None:
            message = "WATCHHOUSE_KAFKA_SSL_KEY_FILE: name its CERTIFICATE_FILE as well"
            raise SettingsError(message)
        return context
    secret = settings.kafka_ssl_key_password
    # Without any, the library of encryption would ask whoever sits at the terminal.
    password = "" if secret is None else secret.get_secret_value()
    try:
        context.load_cert_chain(certificate, key, password)
    except (OSError, ValueError) as error:
        message = (
            f"WATCHHOUSE_KAFKA_SSL_CERTIFICATE_FILE, KEY_FILE and KEY_PASSWORD do not make a "
            f"certificate with its key, in PEM ({_reason(error)}); correct them"
        )
        raise SettingsError(message) from error
    return context


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _path(path: Path | None, name: str) -> str | None:
    if path is None:
        return None
    if not path.is_file():
        message = f"WATCHHOUSE_KAFKA_SSL_{name}: there is no file {path}"
        raise SettingsError(message)
    return str(path)


def quiet_client(*, verbose: bool = False) -> None:
    """Keep the client library from reporting each failed attempt: we say once what is wrong.

    With `verbose` it says more, but never what it sends, as passwords are among that.
    """
    logging.getLogger("kafka").setLevel(logging.INFO if verbose else logging.CRITICAL)
