"""Routes that know their parameters beforehand.

FastAPI finds out for every request how each of its parameters is to be read; that takes as long as
asking the release does. Here all parameters of a route are the fields of one model, made once. What
a route promises in the OpenAPI document, and how it refuses, is as ever.
"""

import inspect
from collections.abc import Callable
from typing import Any, get_origin, get_type_hints

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from api.parameters import READS, AsOf


class ReadingRoute(APIRoute):
    """A path that answers from a release; its function takes the request, and no dependency."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - those of FastAPI
        """Take what FastAPI takes.

        Raises:
            TypeError: the route has parameters that would not be read here.
        """
        super().__init__(path, endpoint, **options)
        self._head, self._tail = path.partition("{")[0], path.rpartition("}")[2]
        self._given = _model(endpoint)
        self._lists = tuple(
            field.alias or name
            for name, field in self._given.model_fields.items()
            if get_origin(field.annotation) is list
        )
        declared = {
            part.alias
            for each in (self.dependant, *self.dependant.dependencies)
            for part in (*each.path_params, *each.query_params)
        }
        read = {field.alias or name for name, field in self._given.model_fields.items()}
        if declared != read or self.dependencies != READS:
            message = f"{path}: {sorted(declared ^ read)} would not be read"
            raise TypeError(message)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is for this path; of most others its ends tell at once."""
        asked: str = scope["path"]
        if not scope.get("root_path") and not (
            asked.startswith(self._head) and asked.endswith(self._tail)
        ):
            return Match.NONE, {}
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it as FastAPI does."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        given: dict[str, Any] = {**request.query_params, **scope["path_params"]}
        for name in self._lists:
            if name in given:
                given[name] = request.query_params.getlist(name)
        try:
            values = dict(self._given.model_validate(given))
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        scope["as_of"] = values.pop("as_of")
        response = await self.endpoint(request, **values)
        await response(scope, receive, send)


def reading_router(**options: Any) -> APIRouter:  # noqa: ANN401 - those of FastAPI
    """Return a router of such routes."""
    return APIRouter(dependencies=READS, route_class=ReadingRoute, **options)


def _model(endpoint: Callable[..., Any]) -> type[BaseModel]:
    """Return the model of what an endpoint takes besides the request."""
    hints = get_type_hints(endpoint, include_extras=True)
    fields: dict[str, Any] = {"as_of": (AsOf, None)}
    for name, parameter in inspect.signature(endpoint).parameters.items():
        if name == "request":
            continue
        is_required = parameter.default is inspect.Parameter.empty
        fields[name] = (
            hints.get(name, parameter.annotation),
            ... if is_required else parameter.default,
        )
    return create_model(
        "Given", __config__=ConfigDict(protected_namespaces=(), extra="ignore"), **fields
    )
