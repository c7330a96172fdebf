"""Running the dashboard: `watchhouse serve --only dashboard`."""

import logging
import os
import socket
import sys
from ipaddress import ip_address
from typing import Final

from watchhouse.errors import SettingsError
from watchhouse.settings import Settings

_LOGGER: Final = logging.getLogger("watchhouse.dashboard")


def serve(settings: Settings, *, host: str, port: int, workers: int, is_held: bool) -> int:
    """Serve until told to stop, in place of this process; `workers` are the API's.

    If `is_held`, the end of standard input says so, too.

    Raises:
        SettingsError: others than this machine would be let in, or the port is taken.
    """
    del workers
    if not (_is_local(host) or settings.dashboard_beyond):
        message = (
            f"--host {host}: the dashboard asks nobody for a key and is for this machine only; "
            "leave --host out, or set WATCHHOUSE_DASHBOARD_BEYOND=true where something in front "
            "of it says who may come in"
        )
        raise SettingsError(message)
    free = _free_port(host, port)
    shown = f"[{host}]" if ":" in host else host
    _LOGGER.info("http://%s:%d  the dashboard", shown, free)
    command = (sys.executable, "-m", "dashboard", host, str(free), *(["held"] if is_held else []))
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own command


def _free_port(host: str, port: int) -> int:
    """Return a port that can be listened at; 0 is any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = (
                f"{host}:{port} cannot be listened at ({error.strerror}); choose another with "
                "--dashboard-port"
            )
            raise SettingsError(message) from error
        found: int = probe.getsockname()[1]
        return found


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
