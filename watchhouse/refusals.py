"""Why brokers that are there will never talk to us, found by asking them.

The client library tries again whatever went wrong, and says only that it could not: a broker that
refuses a password hangs up at once, which is all that is seen of it. So a connection of our own
is made, one step after the other, up to the one that fails.
"""

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from kafka.errors import KafkaError
from kafka.net.sasl import get_sasl_mechanism

_SECONDS: Final = 3.0
_DEFAULT_PORT: Final = 9092
_SHORTEST_ANSWER, _LONGEST_ANSWER = 4, 1_000_000
_HANDSHAKE, _AUTHENTICATE = 17, 36
_NO_ERROR, _NO_SUCH_MECHANISM, _NOT_ASKED, _REFUSED = 0, 33, 34, 58
_PROTOCOL: Final = "WATCHHOUSE_KAFKA_SECURITY_PROTOCOL"


class _Greeting(NamedTuple):
    """What a broker says to a name of a SASL mechanism."""

    code: int
    mechanisms: tuple[str, ...]

    def protocol(self, *, is_encrypted: bool) -> str:
        """Return what it speaks."""
        asks = "" if self.code == _NOT_ASKED else "SASL_"
        return f"{asks}{'SSL' if is_encrypted else 'PLAINTEXT'}"


def refusal(options: Mapping[str, Any]) -> str | None:
    """Return why no broker will ever talk to us and what helps, or None if one may, later.

    `options` are those of `watchhouse.connection`. Takes a few seconds for each broker at most.
    """
    found = None
    for server in options["bootstrap_servers"]:
        try:
            found = _reason(server, options)
        except (OSError, ValueError, struct.error, KafkaError):
            # It cannot be reached, or answers what no broker should: the library may do better.
            return None
        if found is None:
            return None
    return found


def _reason(server: str, options: Mapping[str, Any]) -> str | None:
    protocol = str(options["security_protocol"])
    context = options.get("ssl_context")
    mechanism = options.get("sasl_mechanism")
    try:
        with _connected(server, context) as stream:
            greeting = _greet(stream, mechanism)
            spoken = greeting.protocol(is_encrypted=context is not None)
            if spoken == protocol and mechanism is not None:
                return _credentials(server, stream, greeting, options)
    except ssl.SSLCertVerificationError as error:
        return _certificate(server, error)
    except (ssl.SSLError, ConnectionError, TimeoutError):
        # Whoever expects the other kind of connection hangs up, or waits for more.
        other = None if context is not None else _unchecked()
        with _connected(server, other) as stream:
            spoken = _greet(stream, mechanism).protocol(is_encrypted=other is not None)
    if spoken == protocol:
        return None
    return f"the broker at {server} does not speak {protocol}; set {_PROTOCOL} to {spoken}"


def _credentials(
    server: str, stream: socket.socket, greeting: _Greeting, options: Mapping[str, Any]
) -> str | None:
    name = str(options["sasl_mechanism"])
    if greeting.code == _NO_SUCH_MECHANISM:
        return (
            f"the broker at {server} does not know {name}; set WATCHHOUSE_KAFKA_SASL_MECHANISM to "
            f"one of {', '.join(greeting.mechanisms)}"
        )
    mechanism = get_sasl_mechanism(name)(host=server, **options)
    while not mechanism.is_done():
        token = mechanism.auth_bytes()
        answer = _asked(stream, _AUTHENTICATE, struct.pack(">i", len(token)) + token)
        (code,) = struct.unpack_from(">h", answer)
        if code == _REFUSED:
            return (
                f"the broker at {server} does not let {options['sasl_plain_username']!r} in; "
                "correct WATCHHOUSE_KAFKA_SASL_USERNAME and WATCHHOUSE_KAFKA_SASL_PASSWORD"
            )
        if code != _NO_ERROR:
            return None
        (length,) = struct.unpack_from(">h", answer, 2)
        at = 4 + max(length, 0)
        (length,) = struct.unpack_from(">i", answer, at)
        mechanism.receive(answer[at + 4 : at + 4 + length])
    return None


def _certificate(server: str, error: ssl.SSLCertVerificationError) -> str:
    reason = error.verify_message.rstrip(".")
    remedy = (
        "connect by a name that it bears, or set WATCHHOUSE_KAFKA_SSL_CHECK_HOSTNAME=False"
        if "mismatch" in reason
        else "name the file with the certificate of who signed it in WATCHHOUSE_KAFKA_SSL_CA_FILE"
    )
    return f"the certificate of {server} is not trusted ({reason}); {remedy}"


def _unchecked() -> ssl.SSLContext:
    """Return how to find out whether TLS is spoken at all; nothing of worth is said there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def _connected(server: str, context: ssl.SSLContext | None) -> Iterator[socket.socket]:
    host, colon, port = server.rpartition(":")
    host, port = (host, port) if colon and port.isdecimal() else (server, str(_DEFAULT_PORT))
    host = host.strip("[]")
    with socket.create_connection((host, int(port)), _SECONDS) as stream:
        if context is None:
            yield stream
        else:
            with context.wrap_socket(stream, server_hostname=host) as encrypted:
                yield encrypted


def _greet(stream: socket.socket, mechanism: str | None) -> _Greeting:
    answer = _asked(stream, _HANDSHAKE, _text(mechanism or "PLAIN"))
    code, count = struct.unpack_from(">hi", answer)
    names, at = [], 6
    for _ in range(count):
        (length,) = struct.unpack_from(">h", answer, at)
        names.append(answer[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return _Greeting(code, tuple(names))


def _asked(stream: socket.socket, kind: int, body: bytes) -> bytes:
    """Send one request of version 1 and return the body of its answer."""
    request = struct.pack(">hhi", kind, 1, kind) + _text("watchhouse") + body
    stream.sendall(struct.pack(">i", len(request)) + request)
    (length,) = struct.unpack(">i", _received(stream, 4))
    if not _SHORTEST_ANSWER <= length <= _LONGEST_ANSWER:
        message = "no answer of a broker"
        raise ConnectionError(message)
    return _received(stream, length)[4:]


def _received(stream: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = stream.recv(count - len(found))
        if not piece:
            raise ConnectionResetError
        found += piece
    return found


def _text(value: str) -> bytes:
    return struct.pack(">h", len(value)) + value.encode()
