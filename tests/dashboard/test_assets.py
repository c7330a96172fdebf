"""What is answered in place of Streamlit: its files and its page, and nothing else."""

import asyncio
import re
from collections.abc import MutableMapping
from typing import Any

import pytest

from dashboard.assets import STATIC, Assets, needed, page

Answer = tuple[int, dict[bytes, bytes], bytes]


async def streamlit(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Answer as Streamlit does: a page of its own at `/`, and no page elsewhere."""
    del receive
    if any(name in {b"if-none-match", b"range"} for name, _ in scope["headers"]):
        await send({"type": "http.response.start", "status": 304, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    is_page = scope["path"] == "/"
    kind = b"text/html; charset=utf-8" if is_page else b"application/json"
    headers = [(b"content-type", kind), (b"etag", b'"1"'), (b"cache-control", b"no-cache")]
    headers += [(b"content-encoding", b"gzip"), (b"content-length", b"6")]
    status = 404 if scope["path"] == "/lost" else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"the", "more_body": True})
    await send({"type": "http.response.body", "body": b"irs"})


def ask(path: str, method: str = "GET", **headers: str) -> Answer:
    """Ask for a path; the answer has to be one whole answer."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    given = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": given}
    asyncio.run(Assets(streamlit)(scope, receive, send))
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert not sent[-1].get("more_body")
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_a_file_is_what_streamlit_has_for_ever() -> None:
    for name in needed():
        status, headers, body = ask(f"/static/js/{name}")
        assert status == 200
        assert body == (STATIC / "static" / "js" / name).read_bytes()
        assert headers[b"content-type"].endswith(b"/javascript")
        assert headers[b"content-length"] == str(len(body)).encode()
        assert headers[b"cache-control"].startswith(b"public, immutable")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/js",
        "/static/js/none.js",
        "/static/js/../index.html",
        "/static/../static/js/../../../config.py",
    ],
)
def test_a_file_that_is_not_there_is_not_found(path: str, method: str) -> None:
    status, headers, body = ask(path, method)
    assert status == 404
    assert headers[b"content-type"].startswith(b"text/plain")
    assert b"cache-control" not in headers
    assert headers[b"content-length"] == b"10"
    assert body == (b"" if method == "HEAD" else b"not found\n")


@pytest.mark.parametrize("path", ["/_stcore/health", "/app/static/a.csv", "/lost"])
def test_everything_else_is_left_to_streamlit(path: str) -> None:
    status, headers, body = ask(path)
    assert (status, body) == (404 if path == "/lost" else 200, b"theirs")
    assert headers[b"etag"] == b'"1"'


def test_another_method_is_left_to_streamlit() -> None:
    _, _, body = ask(f"/static/js/{needed()[0]}", "POST")
    assert body == b"theirs"


@pytest.mark.parametrize("path", ["/", f"/static/js/{needed()[0]}"])
def test_head_says_what_get_does(path: str) -> None:
    status, headers, body = ask(path, "HEAD")
    assert (status, headers, body) == (*ask(path)[:2], b"")


def test_a_page_is_whole_whatever_a_browser_has_kept_of_another() -> None:
    for asked in ({"if_none_match": '"1"'}, {"range": "bytes=0-9"}):
        assert ask("/", **asked)[::2] == (200, page())
        # What else there is may be asked for in part.
        assert ask("/media/a.csv", **asked)[0] == 304


def test_a_page_names_what_it_needs_once_and_keeps_all_else() -> None:
    status, headers, body = ask("/")
    assert (status, body) == (200, page())
    assert headers[b"cache-control"] == b"no-cache"
    assert headers[b"content-length"] == str(len(body)).encode()
    assert not {b"etag", b"content-encoding"} & set(headers)
    text = body.decode()
    named = re.findall(r'href="\./static/js/([^"]+)"', text)
    assert len(named) == len(set(named))
    assert set(needed()) <= {*named, *re.findall(r'src="\./static/js/([^"]+)"', text)}
    head, _, rest = (STATIC / "index.html").read_text(encoding="utf-8").partition("</head>")
    assert text.startswith(head)
    assert text.endswith(f"</head>{rest}")


def test_the_elements_of_this_streamlit_are_known() -> None:
    # Where it has other names, pages are as slow as without.
    for element in ("ArrowVegaLiteChart", "Metric", "Multiselect", "Selectbox", "embed"):
        assert [name for name in needed() if name.startswith(f"{element}.")]
