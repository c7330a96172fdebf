"""Streamlit's own files, answered from memory; and its page, which names at once what ours need.

A browser finds out late what a page is made of: Streamlit's page starts its program, which asks for
the first elements, and only then is the program of each kind of element asked for, and after it
what that imports. Named in the page, all of them come with it.
"""

import mimetypes
import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

import streamlit
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC: Final = Path(streamlit.__file__).parent / "static"
_SCRIPTS: Final = "static/js"
_FILES: Final = "/static/"
"""What the paths of its files begin with."""
_ELEMENTS: Final = (
    "ArrowVegaLiteChart",
    "ButtonGroup",
    "Html",
    "Metric",
    "Multiselect",
    "Selectbox",
    "formatNumber",
    "loadVegaEmbed",
)
"""What the programs are called that draw the head, the controls, figures and charts."""
_IMPORTED: Final = re.compile(r'(?:\bfrom|\bimport)"\./([\w.-]+\.js)"')
_KEPT_FOR_EVER: Final = b"public, immutable, max-age=31536000"
"""As Streamlit says itself: names change with what is in the files."""
_OF_THEIRS: Final = frozenset(
    {b"accept-ranges", b"content-encoding", b"content-length", b"etag", b"last-modified"}
)
"""What an answer says of Streamlit's own page, which may come packed."""
_OF_A_PART: Final = frozenset({b"if-none-match", b"if-modified-since", b"if-range", b"range"})
"""What asks for nothing, or a part, of an answer that is known."""


class Assets:
    """Middleware around Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`, which is Streamlit."""
        self._app = app
        self._page = page()
        # Only what is there now can be asked for, by its whole name.
        self._files = {
            f"/{file.relative_to(STATIC).as_posix()}": file
            for file in (STATIC / _FILES.strip("/")).rglob("*")
            if file.is_file()
        }
        self._read = cache(Path.read_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a file; add to a page; leave all else to Streamlit."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if (file := self._files.get(scope["path"])) is not None:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            headers = [(b"content-type", kind.encode()), (b"cache-control", _KEPT_FOR_EVER)]
            await _answer(send, headers, self._read(file), is_head=is_head)
        elif scope["path"].startswith(_FILES):
            # Of another version, perhaps. Streamlit would answer with its page, and status 200.
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await _answer(
                send, headers, b"not found\n", is_head=is_head, status=HTTPStatus.NOT_FOUND
            )
        elif "." in scope["path"].rpartition("/")[2]:
            await self._app(scope, receive, send)
        else:
            # What a browser keeps of Streamlit's own page says nothing about ours.
            asked = [pair for pair in scope["headers"] if pair[0] not in _OF_A_PART]
            answer = _Paged(send, self._page, is_head=is_head)
            await self._app({**scope, "headers": asked}, receive, answer)


class _Paged:
    """Sends on what Streamlit answers, with our page in place of its own."""

    def __init__(self, send: Send, page: bytes, *, is_head: bool) -> None:
        self._send = send
        self._page = page
        self._is_head = is_head
        self._is_page = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            kind = headers.get(b"content-type", b"")
            self._is_page = message["status"] == HTTPStatus.OK and kind.startswith(b"text/html")
            if self._is_page:
                kept = [pair for pair in message["headers"] if pair[0] not in _OF_THEIRS]
                await _answer(self._send, kept, self._page, is_head=self._is_head)
        if not self._is_page:
            await self._send(message)


async def _answer(
    send: Send,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes,
    *,
    is_head: bool,
    status: int = HTTPStatus.OK,
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if is_head else body})


def page() -> bytes:
    """Return Streamlit's page with the names of what ours need; as it is where none is known."""
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    links = "".join(
        f'<link rel="modulepreload" crossorigin href="./{_SCRIPTS}/{name}">\n'
        for name in needed()
        if f"/{name}" not in text
    )
    return text.replace("</head>", f"{links}</head>", 1).encode()


def needed() -> tuple[str, ...]:
    """Return the files of the elements and of all that they import, each once."""
    found: dict[str, None] = {}
    scripts = STATIC / _SCRIPTS
    for element in (file for name in _ELEMENTS for file in scripts.glob(f"{name}.*.js")):
        waiting = [element.name]
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found[name] = None
                waiting += _IMPORTED.findall((scripts / name).read_text(encoding="utf-8"))
    return tuple(found)
