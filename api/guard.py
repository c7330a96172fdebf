"""What holds for every request, before any route is looked for.

Without keys the service is for this machine only, and a browser on it must not lend itself to
foreign pages: requests that another site makes, or that come under a foreign name, are refused.
"""

import ipaddress
import time
from functools import lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Access, Caller
from api.formats import Suffixes
from api.front import Front, asked_tag
from api.measures import Measures
from api.paths import with_whole_ids
from api.problems import ProblemError

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """Tells who calls, refuses foreign requests, and adds the headers that browsers go by."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        front: Front,
        measures: Measures,
        suffixes: Suffixes,
    ) -> None:
        """Stand before `app`."""
        self._suffixes = suffixes
        self._app = app
        self._access = access
        self._front = front
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        scope = self._suffixes.without(with_whole_ids(scope))
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._answer(scope, receive, send_seen)
        finally:
            self._measures.count_request(scope, status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        extra: list[tuple[bytes, bytes]] = []

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                known = {name.lower() for name, _ in given}
                added = [pair for pair in (*_HEADERS, *extra) if pair[0] not in known]
                message["headers"] = [*given, *added]
            await send(message)

        try:
            if self._access.is_open():
                caller, told = Caller(None), dict[str, str]()
                refuse_foreign(scope)
            else:
                caller, told = await self._access.identify(scope)
        except ProblemError as problem:
            await problem.response()(scope, receive, send_with_headers)
            return
        scope["caller"] = caller
        extra += [(name.lower().encode(), value.encode()) for name, value in told.items()]
        served = self._front.find(scope, caller)
        if served is not None:
            self._measures.count_answer("front")
            scope["template"] = served.template
            # Without looking for a route: most of what an answer costs is the way to it.
            is_known = asked_tag(scope) == served.tag
            start = {
                "type": "http.response.start",
                "status": HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK,
                "headers": [
                    *(served.unchanged() if is_known else served.headers),
                    *_HEADERS,
                    *extra,
                ],
            }
            await send(start)
            await send({"type": "http.response.body", "body": b"" if is_known else served.body})
            return
        await self._app(scope, receive, send_with_headers)


def refuse_foreign(scope: Scope) -> None:
    """Let only this machine in, and no page of another site.

    Raises:
        ProblemError: the request is one of those.
    """
    headers = {name: value for name, value in scope["headers"] if name in {b"host", b"origin"}}
    host = headers.get(b"host", b"").decode("latin-1")
    origin = headers.get(b"origin")
    if not _is_local(host) or not _is_loopback(scope):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "this-machine-only",
            "without API keys only this machine is answered, under the name localhost; make a "
            "key with `watchhouse api-keys create`",
        )
    if origin is not None and scope["method"] not in _SAFE:
        origin_host = urlsplit(origin.decode("latin-1")).netloc
        if origin_host != host:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, "foreign-page", "pages of other sites may not send events"
            )


@lru_cache(maxsize=256)
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


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback
