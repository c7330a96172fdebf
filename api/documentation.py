"""`/docs`: the OpenAPI document to read and try, from files of this machine."""

import importlib.util
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from api.problems import ProblemError

_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
    "start.js": "text/javascript",
}
_START: Final = b"""window.ui = SwaggerUIBundle({
  url: "openapi.json", dom_id: "#docs", deepLinking: true, persistAuthorization: false
});
"""
_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Watchhouse API</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
# The page may load its own files and call this service, nothing else.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_docs() -> Response:
    """Show the documentation."""
    return Response(_PAGE, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{name}")
async def get_docs_file(name: str) -> Response:
    """Return one of the files that the page is made of."""
    if name not in _FILES:
        raise ProblemError(HTTPStatus.NOT_FOUND, "not-found", "the page has no such file")
    content = _START if name == "start.js" else _asset(name)
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(content, media_type=_FILES[name], headers=headers)


@lru_cache(maxsize=len(_FILES))
def _asset(name: str) -> bytes:
    """Return a file of the package that brings them; its code is not needed."""
    found = importlib.util.find_spec("fastapi_offline")
    for folder in (found.submodule_search_locations or []) if found else []:
        return (Path(folder) / "static" / name).read_bytes()
    raise ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, "not-installed", "fastapi-offline is not installed"
    )
