"""`watchhouse api-keys`: make, list and revoke keys of the API."""

import argparse
import json
import logging
import sys
from datetime import UTC, datetime

from watchhouse.apikeys import SCOPES, ApiKey, KeyStore
from watchhouse.settings import Settings
from watchhouse.storage import lake_error

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `watchhouse api-keys`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", help="who it is for")
    create.add_argument(
        "--scope", action="append", required=True, choices=SCOPES, help="may be repeated"
    )
    listing = actions.add_parser("list", help="show the keys, never the secrets")
    listing.add_argument("--json", action="store_true", help="print a list of objects")
    revoke = actions.add_parser("revoke", help="make a key useless")
    revoke.add_argument("key_id", help="as `list` shows it")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do what was asked for."""
    home = settings.layout()
    store = KeyStore(home.api_keys)
    now = datetime.now(UTC)
    try:
        if arguments.action == "create":
            key = store.create(name=arguments.name, scopes=arguments.scope, now=now)
            sys.stdout.write(key + "\n")
            logger.info("keep it: it cannot be shown again")
        elif arguments.action == "revoke":
            revoked = store.revoke(arguments.key_id, now=now)
            logger.info("key %s (%s) is revoked", revoked.key_id, revoked.name)
        else:
            _list(list(store.keys().values()), as_json=arguments.json)
    except OSError as error:
        raise lake_error(error, home.root) from error
    return 0


def _list(keys: list[ApiKey], *, as_json: bool) -> None:
    shown = [
        {
            "key_id": key.key_id,
            "name": key.name,
            "scopes": list(key.scopes),
            "created_at": key.created_at,
            "revoked_at": key.revoked_at,
        }
        for key in keys
    ]
    if as_json:
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
        return
    for key in keys:
        state = f"revoked {key.revoked_at}" if key.revoked_at else "in use"
        sys.stdout.write(f"{key.key_id}  {key.name}  {' '.join(key.scopes)}  {state}\n")
