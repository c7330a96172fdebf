"""The service put together: settings in, application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI

from api import intake, problems
from api.bodies import Room
from api.events import Encoder
from api.guard import Guard
from api.idempotency import Requests
from api.intake import WAITING_BYTES, Intake
from api.problems import ProblemDocument
from api.sinks import SpoolSink
from watchhouse.ledger import Ledger
from watchhouse.pseudonyms import Pseudonymiser, load_key, require_same_key
from watchhouse.settings import Settings, load_settings

ROUTERS: Final[tuple[APIRouter, ...]] = (intake.router,)


def create() -> FastAPI:
    """Make the application from the environment: what a server of workers calls."""
    return make_app(load_settings())


def make_app(settings: Settings) -> FastAPI:
    """Make the application.

    Nothing is read or written before it starts.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        sink = SpoolSink(settings.layout().http_spool)
        app.state.intake = Intake(
            encoder=make_encoder(settings),
            sink=sink,
            requests=Requests(),
            room=Room(WAITING_BYTES),
        )
        try:
            yield
        finally:
            await sink.close()

    app = FastAPI(
        title="Watchhouse",
        summary="Viewing events in, engagement numbers that can be trusted out.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses={422: {"model": ProblemDocument, "description": "Unprocessable"}},
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Guard)
    return app


def make_encoder(settings: Settings) -> Encoder:
    """Return what pseudonymises under the key of the home, made there on first use.

    Raises:
        SettingsError, LakeError: the key cannot be used.
    """
    home = settings.layout()
    ledger = Ledger(home)
    ledger.refresh()
    given = settings.pseudonym_key
    key = load_key(
        home.pseudonym_key,
        given=given.get_secret_value() if given is not None else None,
        is_first=not ledger.entries(),
    )
    require_same_key(home.pseudonym_check, key)
    return Encoder(
        Pseudonymiser(key),
        identifiers=_names(settings.intake_identifiers),
        drop=_names(settings.intake_drop),
    )


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
