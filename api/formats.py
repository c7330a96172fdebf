"""How a route says that its rows come in several formats, and how a path asks for one."""

import inspect
from collections.abc import Iterable
from typing import Any, Final, Literal

from fastapi.routing import APIRoute
from starlette.types import Scope

from api.answers import MEDIA_TYPES
from api.provenance import FIGURED

Suffix = Literal["json", "csv", "ndjson", "parquet", "arrow"]
FORMATS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        **FIGURED[200],
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for name, media_type in MEDIA_TYPES.items()
            if name != "json"
        },
    }
}


class Suffixes:
    """Paths that may end in `.csv` and so on, which says the same as `?format=csv`."""

    def __init__(self, routes: Iterable[object]) -> None:
        """Take the routes that have the parameter `format`."""
        self._paths = [
            route.path_regex
            for route in routes
            if isinstance(route, APIRoute)
            and "format" in inspect.signature(route.endpoint).parameters
        ]

    def without(self, scope: Scope) -> Scope:
        """Return the request with its suffix as the parameter; as it is, if it has none."""
        path, _, suffix = scope["path"].rpartition(".")
        if suffix not in MEDIA_TYPES or not any(known.match(path) for known in self._paths):
            return scope
        query = scope["query_string"]
        asked = f"format={suffix}".encode()
        return {
            **scope,
            "path": path,
            "raw_path": scope["raw_path"].rpartition(b".")[0],
            "query_string": query + b"&" + asked if query else asked,
        }
