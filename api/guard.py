"""What holds for every request, before any route is looked for.

Without keys the service is for this machine only, and a browser on it must not lend itself to
foreign pages: requests that another site makes, or that come under a foreign name, are refused.
"""

import ipaddress
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemError

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Refuses foreign requests and adds the headers that browsers go by."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        problem = _foreign(scope)
        if problem is not None:
            await problem.response()(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


def _foreign(scope: Scope) -> ProblemError | None:
    """Return why a request is refused, if it is."""
    headers = {name: value for name, value in scope["headers"] if name in {b"host", b"origin"}}
    host = headers.get(b"host", b"").decode("latin-1")
    origin = headers.get(b"origin")
    if not _is_local(host) or not _is_loopback(scope):
        return ProblemError(
            HTTPStatus.FORBIDDEN,
            "this-machine-only",
            "without API keys only this machine is answered, under the name localhost; make a "
            "key with `watchhouse api-keys create`",
        )
    if origin is not None and scope["method"] not in _SAFE:
        origin_host = urlsplit(origin.decode("latin-1")).netloc
        if origin_host != host:
            return ProblemError(
                HTTPStatus.FORBIDDEN, "foreign-page", "pages of other sites may not send events"
            )
    return None


def _is_local(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or is_loopback(name)


def _is_loopback(scope: Scope) -> bool:
    client = scope.get("client")
    # Over a socket file there is no address: only this machine can.
    return client is None or is_loopback(client[0])


def is_loopback(address: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback
