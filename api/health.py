"""Whether the service lives, whether it can answer, and from which release."""

from datetime import date
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from api.access import caller_of
from api.parameters import FAILURES
from api.problems import describe
from api.provenance import Of, utc_text
from api.reading import Question
from api.state import state_of
from watchhouse.errors import NoReleaseError
from watchhouse.marts import Selection


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    release: int | None = Field(description="Number of the release it reads; null before one.")
    data_as_of: str | None = Field(description="Latest start of a play in it.")


class Ready(Of):
    """A release is open."""

    status: Literal["ready"] = "ready"


class MartAsOf(BaseModel):
    """Where the rows of a mart come from."""

    release: int | None = Field(description="First release with these rows.")
    data_as_of: str | None = Field(description="Latest start of a play that they know of.")


class ReleaseInfo(Of):
    """The current release."""

    published_at: AwareDatetime
    code_version: str
    batch_count: int
    selection: Selection = Field(
        description="Whether all marts are new in it (full), or only the core ones."
    )
    metric_versions: dict[str, str]
    marts: dict[str, int] = Field(description="Rows of each mart.")
    marts_as_of: dict[str, MartAsOf] = Field(
        description="How fresh each mart is; those of one release agree with each other."
    )


class ReleaseSummary(BaseModel):
    """A release that is still kept."""

    release_id: int
    published_at: AwareDatetime
    selection: Selection
    data_as_of: AwareDatetime | None
    code_version: str
    batch_count: int


class Releases(Of):
    """The releases that are still kept, the latest first."""

    items: list[ReleaseSummary]


router = APIRouter(tags=["service"])


@router.get("/health", summary="Does the process live")
async def get_health(request: Request) -> Health:
    """Answer at once, release or not; needs no key."""
    try:
        return await state_of(request).reader.ask(_health)
    except NoReleaseError:
        return Health(release=None, data_as_of=None)


@router.get(
    "/ready",
    responses=describe(HTTPStatus.SERVICE_UNAVAILABLE),
    summary="Can it answer questions",
)
async def get_ready(request: Request) -> Ready:
    """Answer 200 once a release is open, 503 before; needs no key."""
    return await state_of(request).reader.ask(_ready)


@router.get(
    "/v1/releases/current",
    response_model=ReleaseInfo,
    responses=FAILURES,
    summary="The current release",
)
async def get_release(request: Request) -> Response:
    """Tell what all other answers come from."""
    caller = caller_of(request, "read:aggregate")

    def work(question: Question) -> ReleaseInfo:
        manifest = question.manifest
        return ReleaseInfo(
            **question.of(),
            published_at=manifest.published_at,
            code_version=manifest.code_version,
            batch_count=manifest.batch_count,
            selection=manifest.selection,
            metric_versions=manifest.metric_versions,
            marts={name: mart.row_count for name, mart in manifest.marts.items()},
            marts_as_of={
                name: MartAsOf(release=mart.release_id, data_as_of=utc_text(mart.data_as_of))
                for name, mart in manifest.marts.items()
            },
        )

    return await state_of(request).answers.document(request, caller, work)


@router.get(
    "/v1/releases", response_model=Releases, responses=FAILURES, summary="Releases still kept"
)
async def get_releases(request: Request) -> Response:
    """List the releases that are still kept, the latest first."""
    caller = caller_of(request, "read:aggregate")
    state = state_of(request)

    def work(question: Question) -> Releases:
        kept = [ReleaseSummary(**manifest.model_dump()) for manifest in state.reader.kept()]
        return Releases(**question.of(), items=kept)

    return await state.answers.document(request, caller, work)


def _health(question: Question) -> Health:
    return Health(**question.of())


def _ready(question: Question) -> Ready:
    # Whoever asks after this need not wait until the engine's client has imported all it needs.
    question.rows("select $day as day", {"day": date.min})
    return Ready(**question.of())
