"""`POST /events` and `POST /events/batch`: accepted means on disk, or on the topic."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import caller_of
from api.bodies import Room, declared_size, read_body
from api.events import (
    MAX_BATCH_BYTES,
    MAX_EVENT_BYTES,
    Encoder,
    Event,
    IdempotencyKey,
    decode_batch,
    decode_one,
)
from api.idempotency import OtherBodyError, Requests
from api.problems import ProblemError, describe
from api.sinks import Sink
from watchhouse.jsontext import Values

WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bodies in hand, over all requests of a worker."""

_LARGE: Final = 64 * 1024
"""Bodies from here on are decoded beside the event loop."""
_MOST_KEY_CHARACTERS: Final = 255
_KEY: Final = re.compile(r"[\x20-\x7e]+")


class Accepted(BaseModel):
    """One event is on disk."""

    event_id: str = Field(
        description="Its `event_id`, the one derived from the idempotency key, or a hash of it."
    )


class AcceptedBatch(BaseModel):
    """All events of a batch are on disk."""

    accepted_count: int = Field(ge=1, description="How many.")
    event_ids: list[str] = Field(description="Their ids, in the order in which they were sent.")


@dataclass
class Intake:
    """What the routes work with; one per worker."""

    encoder: Encoder
    sink: Sink
    requests: Requests
    room: Room

    async def take(
        self,
        request: Request,
        *,
        limit: int,
        decode: Callable[[bytes], Sequence[Values]],
    ) -> tuple[str, ...]:
        """Store the events of a request; return their ids.

        Raises:
            ProblemError: nothing is known to be stored.
        """
        key = _idempotency_key(request)
        size = declared_size(request, limit=limit)
        self.room.take(size)
        try:
            body = await read_body(request, limit=limit)
            if key is None:
                return await self._store(body, decode, None)
            fingerprint = hashlib.blake2b(
                request.url.path.encode() + b"\n" + body, digest_size=16
            ).digest()
            try:
                known = await self.requests.find(key, fingerprint)
                if known is not None:
                    return known
                self.requests.begin(key, fingerprint)
                return await self._store_once(body, decode, key, fingerprint)
            except OtherBodyError as error:
                detail = "Idempotency-Key: was used for another request; give each its own key"
                raise ProblemError(
                    HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", detail
                ) from error
        finally:
            self.room.give(size)

    async def _store_once(
        self,
        body: bytes,
        decode: Callable[[bytes], Sequence[Values]],
        key: IdempotencyKey,
        fingerprint: bytes,
    ) -> tuple[str, ...]:
        """Store the events of a request that this worker has begun, unless another has."""
        try:
            event_ids = await self.requests.find_elsewhere(key, fingerprint)
            is_new = event_ids is None
            if event_ids is None:
                event_ids = await self._store(body, decode, key)
        except BaseException:
            self.requests.forget(key)
            raise
        self.requests.finish(key, event_ids)
        if is_new:
            await self.requests.tell(key, fingerprint, event_ids)
        return event_ids

    async def _store(
        self,
        body: bytes,
        decode: Callable[[bytes], Sequence[Values]],
        key: IdempotencyKey | None,
    ) -> tuple[str, ...]:
        def encode() -> list[Event]:
            return [
                self.encoder.encode(values, index=index, key=key)
                for index, values in enumerate(decode(body))
            ]

        events = encode() if len(body) < _LARGE else await asyncio.to_thread(encode)
        await self.sink.store(events)
        return tuple(event.event_id for event in events)


def _idempotency_key(request: Request) -> IdempotencyKey | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if len(key) > _MOST_KEY_CHARACTERS or not _KEY.fullmatch(key) or not key.strip():
        detail = f"Idempotency-Key: give 1 to {_MOST_KEY_CHARACTERS} printable ASCII characters"
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-idempotency-key", detail)
    return IdempotencyKey(scope=request.scope["caller"].key_id, key=key)


_FAILURES: Final = describe(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_EXAMPLE: Final = {
    "user_id": "u-17",
    "show_name": "Dark",
    "watch_date": "2026-11-23T20:15:00Z",
    "watch_duration_minutes": 51.5,
    "season": 1,
    "episode": 3,
}
_KEY_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names the request: sent again, it is answered again and stored once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": _MOST_KEY_CHARACTERS},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}


def _described(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "parameters": [_KEY_PARAMETER],
        "requestBody": {"required": True, "content": content},
    }


router = APIRouter(tags=["intake"])


@router.post(
    "/events",
    status_code=HTTPStatus.ACCEPTED,
    response_model=Accepted,
    responses=_FAILURES,
    summary="Take one event",
    openapi_extra=_described(
        {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}}
    ),
)
async def post_event(request: Request) -> Response:
    """Take one event, a JSON object of at most 256 KiB; answered once it is on disk.

    What is well-formed is accepted: an event that breaks a rule is set aside by the models, and
    seen in the quarantine.
    """
    caller_of(request, "write:events")
    intake: Intake = request.app.state.intake
    (event_id,) = await intake.take(
        request, limit=MAX_EVENT_BYTES, decode=lambda body: [decode_one(body)]
    )
    return _accepted({"event_id": event_id})


@router.post(
    "/events/batch",
    status_code=HTTPStatus.ACCEPTED,
    response_model=AcceptedBatch,
    responses=_FAILURES,
    summary="Take many events",
    openapi_extra=_described(
        {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/json": {
                # One object is a batch of one line.
                "schema": {
                    "anyOf": [
                        {"type": "array", "items": {"type": "object"}, "minItems": 1},
                        {"type": "object"},
                    ]
                },
                "example": [_EXAMPLE],
            },
        }
    ),
)
async def post_events(request: Request) -> Response:
    """Take up to 10,000 events, at most 8 MiB: one JSON object per line, or a JSON list.

    All of them are accepted, or none: a line that is no JSON object refuses the batch.
    """
    caller_of(request, "write:events")
    intake: Intake = request.app.state.intake
    event_ids = await intake.take(request, limit=MAX_BATCH_BYTES, decode=decode_batch)
    return _accepted({"accepted_count": len(event_ids), "event_ids": event_ids})


def _accepted(content: dict[str, Any]) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(),
        status_code=HTTPStatus.ACCEPTED,
        media_type="application/json",
    )
