"""`/metrics`: what monitoring asks for."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from api.access import caller_of
from api.parameters import FAILURES
from api.reading import Question
from api.state import state_of
from watchhouse.errors import NoReleaseError
from watchhouse.manifests import ReleaseManifest

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=FAILURES,
    summary="Counters for Prometheus",
)
async def get_metrics(request: Request) -> Response:
    """Tell requests, their times, hits of caches and the age of the data; needs no release."""
    caller_of(request, "admin")
    state = state_of(request)
    try:
        manifest = await state.reader.ask(_manifest)
    except NoReleaseError:
        manifest = None
    body = state.measures.text(manifest, datetime.now(UTC))
    headers = {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}
    return Response(body, headers=headers)


def _manifest(question: Question) -> ReleaseManifest:
    return question.manifest
