"""Ids in paths: a slash that is written `%2F` belongs to the id, and ends nothing."""

import re
from typing import Final
from urllib.parse import unquote

from starlette.types import Scope

_WRITTEN: Final = re.compile(b"%2f", re.IGNORECASE)
_SLASH: Final = chr(0xDC2F)
"""Stands for such a slash while a route is looked for; no path decodes to half a character."""


def with_whole_ids(scope: Scope) -> Scope:
    """Return the request with its written slashes out of the way of routes."""
    pieces = _WRITTEN.split(scope["raw_path"])
    if len(pieces) == 1:
        return scope
    return {**scope, "path": _SLASH.join(unquote(piece.decode("latin-1")) for piece in pieces)}


def whole_id(value: object) -> object:
    """Return an id as its sender means it."""
    return value.replace(_SLASH, "/") if isinstance(value, str) else value
