"""Answers that are given before any route is looked for: the bytes, as they were sent before."""

from collections import OrderedDict
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Scope

from api.access import Caller
from api.caching import OVERHEAD
from api.measures import template_of
from watchhouse.layout import Home
from watchhouse.releases import current_release_id

Header = tuple[bytes, bytes]
_Key = tuple[bytes, bytes, bytes, bool]


@dataclass(frozen=True, slots=True)
class Served:
    """One answer."""

    headers: tuple[Header, ...]
    body: bytes
    tag: bytes
    template: str
    """Of the route that gave it."""

    def unchanged(self) -> tuple[Header, ...]:
        """Return the headers of the answer that nothing has changed."""
        return tuple(
            pair for pair in self.headers if pair[0] not in {b"content-length", b"content-type"}
        )


class Front:
    """Answers of the current release, bounded in bytes; the least lately used goes first.

    Only what every caller of a scope may see is in it: reads of single users are recorded one by
    one, so they go through their route.
    """

    def __init__(self, home: Home, size: int) -> None:
        """Keep at most `size` bytes."""
        self._home = home
        self._size = size
        self._left = size
        self._release_id: int | None = None
        self._kept: OrderedDict[_Key, Served] = OrderedDict()

    def find(self, scope: Scope, caller: Caller) -> Served | None:
        """Return the answer to a request, if it is known and still true."""
        if not self._kept or scope["method"] != "GET" or not caller.may("read:aggregate"):
            return None
        if current_release_id(self._home) != self._release_id:
            return None
        key = _key(scope, caller)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(
        self, scope: Scope, caller: Caller, *, release_id: int, tag: str, response: Response
    ) -> None:
        """Keep an answer of a release; those of another one are dropped."""
        if release_id != self._release_id:
            self._kept.clear()
            self._left = self._size
            self._release_id = release_id
        key = _key(scope, caller)
        body = bytes(response.body)
        if scope["method"] != "GET" or key in self._kept or len(body) > self._size // 8:
            return
        self._kept[key] = Served(
            tuple(response.raw_headers), body, tag.encode(), template_of(scope)
        )
        self._left -= len(body) + OVERHEAD + len(key[0]) + len(key[1]) + len(key[2])
        while self._left < 0:
            (path, query, accept, _), gone = self._kept.popitem(last=False)
            self._left += len(gone.body) + OVERHEAD + len(path) + len(query) + len(accept)


def asked_tag(scope: Scope) -> bytes | None:
    """Return the tag that the sender of a request has."""
    return next((value for name, value in scope["headers"] if name == b"if-none-match"), None)


def _key(scope: Scope, caller: Caller) -> _Key:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return scope["raw_path"], scope["query_string"], accept, caller.may("read:user")
