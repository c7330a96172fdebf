"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do about it."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import Response

from watchhouse.errors import NoReleaseError, QuestionError, WatchhouseError

_LOGGER: Final = logging.getLogger("watchhouse.api")

MEDIA_TYPE: Final = "application/problem+json"

_REMEDIES: Final = {
    HTTPStatus.NOT_FOUND: "there is no such path; `/docs` shows those that there are, and"
    " `/openapi.json` lists them",
    HTTPStatus.METHOD_NOT_ALLOWED: "the path is there, but not for this method; `Allow` names those"
    " that it takes",
}
"""Of what the framework refuses by itself."""


class Fault(BaseModel):
    """One of several things that are wrong."""

    detail: str = Field(description="What is wrong and what to do about it.")
    parameter: str | None = Field(default=None, description="The parameter that is wrong.")
    line: int | None = Field(default=None, description="The line or element, the first being 1.")


class ProblemDocument(BaseModel):
    """A problem document (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:watchhouse:problem:invalid-parameter",
                    "title": "Invalid parameter",
                    "status": 422,
                    "detail": "from: give a day as 2026-01-31",
                    "errors": [{"parameter": "from", "detail": "give a day as 2026-01-31"}],
                }
            ]
        }
    )

    type: str = Field(description="What kind of problem it is, `urn:watchhouse:problem:…`.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status code.")
    detail: str = Field(description="What is wrong with this request, and the remedy.")
    errors: list[Fault] | None = Field(default=None, description="Where there are several.")


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Name the problem; `kind` is the last part of its type."""
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the document."""
        document: dict[str, Any] = {
            "type": f"urn:watchhouse:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [error.model_dump(exclude_none=True) for error in self.errors]
        return Response(
            json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace"),
            status_code=int(self.status),
            media_type=MEDIA_TYPE,
            headers=self.headers,
        )


def describe(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of these failures of a route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {
        int(status): {"description": status.phrase, "model": None, "content": content}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Have every failure of `app` answered with a problem document, which its OpenAPI defines."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        template = "#/components/schemas/{model}"
        _, found = models_json_schema([(ProblemDocument, "serialization")], ref_template=template)
        document["components"]["schemas"] |= found["$defs"]
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it

    @app.exception_handler(ProblemError)
    async def on_problem(_: Request, error: ProblemError) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        kind = status.phrase.lower().replace(" ", "-")
        detail = _REMEDIES.get(status, str(error.detail))
        return ProblemError(status, kind, detail, headers=error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def on_invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [
            Fault(parameter=str(fault["loc"][-1]), detail=str(fault["msg"]))
            for fault in error.errors()
        ]
        named = "; ".join(f"{fault.parameter}: {fault.detail}" for fault in faults)
        problem = ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-parameter", named, errors=faults
        )
        return problem.response()

    @app.exception_handler(NoReleaseError)
    async def on_no_release(_: Request, error: NoReleaseError) -> Response:
        problem = ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, "no-release", str(error), headers={"Retry-After": "10"}
        )
        return problem.response()

    @app.exception_handler(QuestionError)
    async def on_question(_: Request, error: QuestionError) -> Response:
        fault = Fault(parameter=error.parameter, detail=error.detail)
        problem = ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-parameter", str(error), errors=[fault]
        )
        return problem.response()

    @app.exception_handler(Exception)
    async def on_fault(_: Request, __: Exception) -> Response:
        # The server, which is given it once more, logs it whole.
        detail = "a fault of the service, which its log describes; nothing is known to have changed"
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return ProblemError(status, "internal-error", detail).response()

    @app.exception_handler(WatchhouseError)
    async def on_failure(_: Request, error: WatchhouseError) -> Response:
        # The message names paths of this machine: for the log, not for callers.
        _LOGGER.error("error: %s", error)
        detail = "the service cannot answer at present; its log says why"
        return ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, headers={"Retry-After": "10"}
        ).response()
