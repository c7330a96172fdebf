"""Answers about one release: cached, unchanged (304), and in the format that was asked for."""

import hashlib
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import pydantic_core
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.caching import Cache, Rendered
from api.front import Front
from api.measures import Measures
from api.problems import ProblemError
from api.provenance import NO_FIGURES, Figures, provenance_headers
from api.reading import Question, Reader, Rows
from api.shared import Shared
from watchhouse.headers import NEXT_CURSOR, PROVENANCE
from watchhouse.manifests import ReleaseManifest
from watchhouse.rendering import Result, write_csv

if TYPE_CHECKING:
    from api.audit import Note

MEDIA_TYPES: Final = {
    "json": "application/json",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
_FORMATS: Final = {media_type: name for name, media_type in MEDIA_TYPES.items()} | {
    "*/*": "json",
    "application/*": "json",
    "text/*": "csv",
}
MOST_ROWS: Final = 10_000
"""Rows of one answer; more come page by page."""
_SHARED_SECONDS: Final = 3600


@dataclass
class Answers:
    """What routes answer with; one per worker."""

    reader: Reader
    cache: Cache
    front: Front
    measures: Measures
    shared: Shared | None = None

    async def document(
        self,
        request: Request,
        caller: Caller,
        work: Callable[[Question], BaseModel],
        *,
        figures: Figures | None = None,
    ) -> Response:
        """Answer with one JSON document; `figures` are its metrics, None if it can hold none."""
        held = figures or NO_FIGURES

        def rendered(question: Question) -> Rendered:
            question.figures = figures
            body = work(question).model_dump_json().encode()
            return Rendered(body, MEDIA_TYPES["json"], question.manifest)

        return await _recorded(request, self._answer(request, caller, "json", rendered, held))

    async def rows(
        self,
        request: Request,
        caller: Caller,
        work: Callable[[Question], tuple[Rows, dict[str, Any]]],
        *,
        figures: Figures = NO_FIGURES,
        suffix: str | None = None,
    ) -> Response:
        """Answer with a table and, in JSON, what belongs beside it; `figures` are its metrics."""
        kind = _format(request, suffix)

        def rendered(question: Question) -> Rendered:
            question.is_for_json = kind == "json"
            question.figures = figures
            found, beside = work(question)
            body = _encode(found, kind, {**question.of(), **beside})
            following = beside.get("next_cursor")
            return Rendered(body, MEDIA_TYPES[kind], question.manifest, following)

        return await _recorded(request, self._answer(request, caller, kind, rendered, figures))

    async def _answer(
        self,
        request: Request,
        caller: Caller,
        kind: str,
        work: Callable[[Question], Rendered],
        figures: Figures,
    ) -> Response:
        asked = _normalised(request, caller, kind)
        earlier: int | None = request.scope.get("as_of")
        known = self.reader.known() if earlier is None else None
        headers: dict[str, str] = {}
        if known is not None:
            headers = _headers(known, asked, figures)
            tag = headers["ETag"]
            if _matches(request, tag):
                self.measures.count_answer("cache")
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            cached = self.cache.get(tag)
            if cached is None:
                cached = await self._shared_answer(request, known, tag)
            if cached is not None:
                self.measures.count_answer("cache")
                return self._respond(request, caller, cached, headers)
        note: Note | None = request.scope.get("note")
        meanwhile = None if note is None else note.begin
        rendered = await self.reader.ask(work, release_id=earlier, meanwhile=meanwhile)
        self.measures.count_answer("release")
        if rendered.manifest is not known:
            headers = _headers(rendered.manifest, asked, figures)
        tag = headers["ETag"]
        if earlier is None:
            self.cache.put(tag, rendered)
            if self.shared is not None and _is_for_all(request):
                name = _shared_name(rendered.manifest, tag)
                await self.shared.put(name, rendered.packed(), seconds=_SHARED_SECONDS)
        if _matches(request, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if earlier is not None:
            return _response(rendered, headers)
        return self._respond(request, caller, rendered, headers)

    async def _shared_answer(
        self, request: Request, manifest: ReleaseManifest, tag: str
    ) -> Rendered | None:
        """Return what another worker rendered of the same release, and keep it here."""
        if self.shared is None or not _is_for_all(request):
            return None
        found = await self.shared.get(_shared_name(manifest, tag))
        if found is None:
            return None
        described, _, body = found.partition(b"\n")
        media_type, following = pydantic_core.from_json(described)
        rendered = Rendered(body, media_type, manifest, following)
        self.cache.put(tag, rendered)
        return rendered

    def _respond(
        self, request: Request, caller: Caller, rendered: Rendered, headers: dict[str, str]
    ) -> Response:
        """Answer, and keep what the next one who asks the same may see without being recorded."""
        response = _response(rendered, headers)
        if _is_for_all(request):
            release_id = rendered.manifest.release_id
            tag = headers["ETag"]
            self.front.put(request.scope, caller, release_id=release_id, tag=tag, response=response)
        return response


async def _recorded(request: Request, answer: Awaitable[Response]) -> Response:
    """Return an answer, or the refusal in its place, once it is on record that somebody asks."""
    try:
        return await answer
    finally:
        note: Note | None = request.scope.get("note")
        if note is not None:
            await note.begin()


def _is_for_all(request: Request) -> bool:
    """Tell whether every caller with the scope may see it: what is of one user stays here."""
    is_aggregate: bool = request.scope["needed_scope"] == "read:aggregate"
    return is_aggregate


def _shared_name(manifest: ReleaseManifest, tag: str) -> str:
    # Homes that share a server may have releases of the same number.
    return f"answer {manifest.home} {manifest.invocation_id} {tag}"


def _normalised(request: Request, caller: Caller, kind: str) -> str:
    """Return what tells answers of one release apart."""
    # Not of `request.url`, in which `?` and `%3F` of an id are one.
    pairs = sorted(request.query_params.multi_items())
    sees = "user" if caller.may("read:user") else "aggregate"
    return repr((request.scope["path"], pairs, kind, sees))


def _tag(manifest: ReleaseManifest, asked: str, version: str) -> str:
    # Another version of this program may compute other figures from the same release.
    text = f"{manifest.release_id} {manifest.published_at.isoformat()} {version} {asked}"
    return f'"{hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()}"'


def _matches(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return any(part.strip().removeprefix("W/") in {tag, "*"} for part in given.split(","))


def _headers(manifest: ReleaseManifest, asked: str, figures: Figures) -> dict[str, str]:
    said = provenance_headers(manifest, figures)
    return {
        "ETag": _tag(manifest, asked, said[PROVENANCE["metric_version"]]),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, X-API-Key",
        **said,
    }


def _response(rendered: Rendered, headers: dict[str, str]) -> Response:
    if rendered.next_cursor is not None:
        headers = {**headers, NEXT_CURSOR: rendered.next_cursor}
    return Response(rendered.body, media_type=rendered.media_type, headers=headers)


def _format(request: Request, suffix: str | None) -> str:
    """Return the format that a request asks for, by suffix or else by `Accept`.

    Raises:
        ProblemError: it is none of ours.
    """
    if suffix is not None:
        return suffix
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("accept", "*/*").split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if media_type in _FORMATS and quality > 0:
            wanted.append((-quality, _FORMATS[media_type]))
    if not wanted:
        detail = f"Accept: none of {', '.join(MEDIA_TYPES.values())} is asked for"
        raise ProblemError(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", detail)
    # Of equals the first one.
    return min(wanted, key=lambda pair: pair[0])[1]


def _encode(table: Rows, kind: str, beside: dict[str, Any]) -> bytes:
    if isinstance(table, list):
        return _json({**beside, "items": table})
    import pyarrow as pa  # noqa: PLC0415 - most answers are JSON

    if kind == "parquet":
        import pyarrow.parquet as pq  # noqa: PLC0415

        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        return bytes(sink.getvalue())
    if kind == "arrow":
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())
    if kind == "csv":
        output = io.StringIO(newline="")
        columns = [column.to_pylist() for column in table.columns]
        rows = zip(*columns, strict=True) if columns else []
        write_csv(Result(table.column_names, rows), output)
        return output.getvalue().encode()
    rows = table.to_pylist()
    if kind == "ndjson":
        return b"".join(_json(row) + b"\n" for row in rows)
    return _json({**beside, "items": rows})


def _json(value: Any) -> bytes:  # noqa: ANN401 - rows of any mart
    return pydantic_core.to_json(value, inf_nan_mode="null")
