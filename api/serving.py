"""Running the application: `watchhouse serve --only api`."""

import logging
import signal
import socket
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from api.app import create, make_pseudonymiser
from api.guard import is_loopback
from api.shared import Shared
from watchhouse.apikeys import KeyStore
from watchhouse.connection import client_options
from watchhouse.errors import SettingsError
from watchhouse.lifelines import end_with_input, end_with_parent
from watchhouse.settings import Settings

_LOGGER: Final = logging.getLogger("watchhouse.api")
_GRACE_SECONDS: Final = 10
"""How long requests at hand may take once the service is told to stop."""


def serve(settings: Settings, *, host: str, port: int, workers: int, is_held: bool) -> int:
    """Serve until told to stop; requests at hand are finished and the spool is sealed.

    If `is_held`, the end of standard input says so, too.

    Raises:
        SettingsError: others than this machine would be let in without a key, or the port is taken.
    """
    if is_held:
        end_with_input()
    is_open = not KeyStore(settings.layout().api_keys).keys()
    if is_open and not _is_local(host):
        message = (
            f"--host {host}: without an API key the service is for this machine only; leave "
            "--host out, or make a key with `watchhouse api-keys create`"
        )
        raise SettingsError(message)
    # Once here, so that what is wrong is one clear line, and workers agree on one key.
    Shared.made(settings, make_pseudonymiser(settings))
    if settings.intake_topic is not None:
        client_options(settings)
    config = uvicorn.Config(
        "api.app:create" if workers == 1 else "api.serving:create_worker",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        # The names of paths hold identifiers; nothing of them is written down.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=65,
        # Whom a proxy names is not proof of being on this machine.
        proxy_headers=False,
    )
    bound = _bind(config)
    address = bound.getsockname()
    shown = f"[{address[0]}]" if ":" in address[0] else address[0]
    said = (
        "without API keys: this machine only, everything is open to it" if is_open else "by API key"
    )
    _LOGGER.info("http://%s:%d  %s", shown, address[1], said)
    with bound:
        if workers > 1:
            Multiprocess(config, sockets=[bound]).run()
            return 0
        server = uvicorn.Server(config)

        is_told = False

        def stop(number: int, frame: FrameType | None) -> None:
            nonlocal is_told
            del number, frame
            is_told = server.should_exit = True

        # Heeded while it still starts, too; and the server raises what stopped it once more when it
        # is done, which is no failure.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        server.run(sockets=[bound])
    return 0 if server.started or is_told else 1


def create_worker() -> FastAPI:
    """Make the application of one of several workers; it ends with what supervises them."""
    end_with_parent()
    return create()


def _bind(config: uvicorn.Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((config.host, config.port))
        # From here on callers may come: they wait until the workers are there.
        bound.listen(config.backlog)
    except OSError as error:
        bound.close()
        message = (
            f"{config.host}:{config.port} cannot be listened at ({error.strerror}); choose another "
            "with --api-port"
        )
        raise SettingsError(message) from error
    bound.set_inheritable(True)
    return bound


def _is_local(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
