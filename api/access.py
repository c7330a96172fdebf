"""Who may do what: keys and scopes, and limits per key."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, Literal

from starlette.requests import Request
from starlette.types import Scope

from api.problems import ProblemError
from api.shared import Shared
from watchhouse.apikeys import ApiKey, KeyStore

ScopeName = Literal["read:aggregate", "read:user", "write:events", "admin"]
_MINUTE: Final = 60


@dataclass(frozen=True)
class Caller:
    """Who a request comes from; without any keys everybody may do everything."""

    key: ApiKey | None

    @property
    def key_id(self) -> str:
        """Which key, or nothing."""
        return "" if self.key is None else self.key.key_id

    def may(self, scope: ScopeName) -> bool:
        """Tell whether the caller has a scope."""
        return self.key is None or self.key.allows(scope)


@dataclass
class Limits:
    """Requests of each key in the present minute: of all instances, or else of this worker."""

    most: int
    clock: Callable[[], float] = time.time
    shared: Shared | None = None
    _minute: int = field(default=0, init=False)
    _counts: dict[str, int] = field(default_factory=dict, init=False)

    async def count(self, key_id: str) -> dict[str, str]:
        """Count a request; return what to tell its sender.

        Raises:
            ProblemError: it was one too many.
        """
        now = self.clock()
        minute = int(now // _MINUTE)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        used = self._counts[key_id] = self._counts.get(key_id, 0) + 1
        if self.shared is not None:
            # Its own count goes on, for when the others cannot be asked.
            together = await self.shared.count(f"limit {key_id} {minute}", seconds=2 * _MINUTE)
            used = max(used, together or 0)
        reset = max(1, int((minute + 1) * _MINUTE - now))
        headers = {
            "RateLimit-Limit": str(self.most),
            "RateLimit-Remaining": str(max(0, self.most - used)),
            "RateLimit-Reset": str(reset),
        }
        if used > self.most:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-requests",
                f"this key may make {self.most} requests a minute; go on in {reset} s",
                headers={**headers, "Retry-After": str(reset)},
            )
        return headers


class Access:
    """Tells callers by the key that they present."""

    def __init__(self, *, keys: Path, limits: Limits) -> None:
        """Read keys below `keys`."""
        self._store = KeyStore(keys)
        self.limits: Final = limits

    def is_open(self) -> bool:
        """Tell whether no key was ever made: then the service is for this machine only."""
        return not self._store.keys()

    async def identify(self, scope: Scope) -> tuple[Caller, dict[str, str]]:
        """Return who makes a request, and headers for the answer.

        Raises:
            ProblemError: the key is none of ours, or was used too often.
        """
        presented = _presented(scope)
        if presented is None:
            return Caller(_NOBODY), {}
        key = self._store.find(presented)
        if key is None:
            why = "the API key is unknown or revoked"
            raise unauthorised(why)
        return Caller(key), await self.limits.count(key.key_id)


_NOBODY: Final = ApiKey(key_id="", name="", scopes=(), key_hash="", created_at="")
"""A caller without a key, where keys are asked for."""


def caller_of(request: Request, scope: ScopeName) -> Caller:
    """Return who makes a request, if they may.

    Raises:
        ProblemError: they present no key (401), or one without the scope (403).
    """
    caller: Caller = request.scope["caller"]
    if caller.may(scope):
        request.scope["needed_scope"] = scope
        return caller
    if caller.key is _NOBODY:
        why = "an API key is needed"
        raise unauthorised(why)
    detail = f"this key has no scope {scope}; make one with `watchhouse api-keys create`"
    raise ProblemError(HTTPStatus.FORBIDDEN, "missing-scope", detail)


def unauthorised(why: str) -> ProblemError:
    """Return the refusal of a caller whom we do not know."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "no-valid-key",
        f"{why}; send one as `Authorization: Bearer …` or `X-API-Key`",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _presented(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return str(value.decode("latin-1")).strip()
        if name == b"authorization":
            kind, _, rest = value.decode("latin-1").partition(" ")
            if kind.lower() == "bearer":
                return str(rest).strip()
    return None
