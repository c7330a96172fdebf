"""The service put together: settings in, application out."""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from api import (
    analytics,
    documentation,
    health,
    intake,
    live,
    marts,
    monitoring,
    problems,
    querying,
    registry,
    tables,
)
from api.access import Access, Limits
from api.answers import Answers
from api.audit import Audit
from api.bodies import Room
from api.caching import Cache
from api.events import Encoder
from api.formats import Suffixes
from api.front import Front
from api.guard import Guard
from api.idempotency import Requests
from api.intake import WAITING_BYTES, Intake
from api.measures import Measures
from api.reading import Reader
from api.shared import Shared
from api.sinks import Sink, SpoolSink
from api.state import State
from watchhouse.ledger import Ledger
from watchhouse.live import Live
from watchhouse.pseudonyms import Pseudonymiser, load_key, require_same_key
from watchhouse.settings import Settings, load_settings
from watchhouse.storage import lake_error

ROUTERS: Final[tuple[APIRouter, ...]] = (
    # Looked through in this order, so first what is asked for most.
    marts.router,
    querying.router,
    analytics.router,
    tables.router,
    health.router,
    monitoring.router,
    registry.router,
    live.router,
    tables.details,
    intake.router,
    documentation.router,
)
_CACHE_BYTES: Final = 32 * 1024 * 1024


def create() -> FastAPI:
    """Make the application from the environment: what a server of workers calls."""
    app = make_app(load_settings())
    # What is there by now stays as long as the process does. Looking through it for garbage again
    # and again would let every request wait, each time for a tenth of a second.
    gc.collect()
    gc.freeze()
    return app


def make_app(settings: Settings) -> FastAPI:
    """Make the application.

    Nothing is read or written before it starts.
    """
    home = settings.layout()
    access = Access(keys=home.api_keys, limits=Limits(most=settings.api_requests_per_minute))
    front = Front(home, _CACHE_BYTES)
    measures = Measures()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pseudonymiser = make_pseudonymiser(settings)
        encoder = Encoder(
            pseudonymiser,
            identifiers=_names(settings.intake_identifiers),
            drop=_names(settings.intake_drop),
        )
        sink = _sink(settings, pseudonymiser, encoder.identifiers)
        tail = Live(home)
        audit = Audit(home.audit)
        reader = Reader(home, seconds=settings.api_query_seconds)
        shared = Shared.made(settings, pseudonymiser)
        access.limits.shared = shared
        app.state.intake = Intake(
            encoder=encoder,
            sink=sink,
            requests=Requests(shared=shared),
            room=Room(WAITING_BYTES),
        )
        app.state.reading = State(
            audit=audit,
            reader=reader,
            answers=Answers(reader, Cache(_CACHE_BYTES), front, measures, shared),
            live=tail,
            measures=measures,
            pseudonymiser=pseudonymiser,
            smallest_group=settings.smallest_group,
        )
        try:
            yield
        finally:
            await sink.close()
            if shared is not None:
                await shared.close()
            reader.close()
            audit.close()
            tail.close()

    app = FastAPI(
        title="Watchhouse",
        summary="Viewing events in, engagement numbers that can be trusted out.",
        lifespan=lifespan,
        version=version("watchhouse"),
        routes=[route for router in ROUTERS for route in router.routes],
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    suffixes = Suffixes(route for router in ROUTERS for route in router.routes)
    app.add_middleware(Guard, access=access, front=front, measures=measures, suffixes=suffixes)
    return app


def make_pseudonymiser(settings: Settings) -> Pseudonymiser:
    """Return what pseudonymises under the key of the home, made there on first use.

    Raises:
        SettingsError, LakeError: the key cannot be used.
    """
    home = settings.layout()
    ledger = Ledger(home)
    ledger.refresh()
    given = settings.pseudonym_key
    try:
        key = load_key(
            home.pseudonym_key,
            given=given.get_secret_value() if given is not None else None,
            is_first=not ledger.entries(),
        )
        require_same_key(home.pseudonym_check, key)
    except OSError as error:
        raise lake_error(error, home.root, "nothing is served") from error
    return Pseudonymiser(key)


def _sink(settings: Settings, pseudonymiser: Pseudonymiser, names: frozenset[str]) -> Sink:
    if settings.intake_topic is None:
        return SpoolSink(settings.layout().http_spool)
    from api.topic import TopicSink  # noqa: PLC0415 - the client library takes its time

    return TopicSink(settings, settings.intake_topic, pseudonymiser=pseudonymiser, names=names)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
