"""Keys of the API: made once, shown once, stored as hashes."""

import errno
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from watchhouse.errors import LakeError, UsageError
from watchhouse.storage import create_exclusively, make_folders, sync

SCOPES: Final = ("read:aggregate", "read:user", "write:events", "admin")
"""What a key may be allowed; `admin` allows everything."""

_PREFIX: Final = "wh"
_PARTS: Final = 3


@dataclass(frozen=True)
class ApiKey:
    """What is stored of a key; times are ISO 8601, UTC."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    key_hash: str
    created_at: str
    revoked_at: str | None = None

    def allows(self, scope: str) -> bool:
        """Tell whether it may be used for `scope`."""
        return self.revoked_at is None and (scope in self.scopes or "admin" in self.scopes)


class KeyStore:
    """The keys of one home; others may make and revoke keys meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet."""
        self._folder = folder
        self._stamp: int | None = None
        self._keys: dict[str, ApiKey] = {}

    def keys(self) -> dict[str, ApiKey]:
        """Return all keys by id, revoked ones too.

        Raises:
            LakeError: one cannot be read; it must not pass for none.
        """
        try:
            stamp = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if stamp != self._stamp:
            self._keys = dict(self._read())
            self._stamp = stamp
        return self._keys

    def create(self, *, name: str, scopes: Iterable[str], now: datetime) -> str:
        """Make a key and return it; it cannot be shown again.

        Raises:
            UsageError: a scope is unknown, or there is none.
        """
        wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not wanted:
            message = f"scopes are some of {', '.join(SCOPES)}; not {', '.join(unknown) or 'none'}"
            raise UsageError(message)
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32).replace("_", "-")
        stored = ApiKey(key_id, name, wanted, _hash(secret), now.isoformat(timespec="seconds"))
        make_folders(self._folder, mode=0o700)
        create_exclusively(self._folder / f"{key_id}.json", _document(stored), mode=0o600)
        return f"{_PREFIX}_{key_id}_{secret}"

    def revoke(self, key_id: str, *, now: datetime) -> ApiKey:
        """Make a key useless from now on.

        Raises:
            UsageError: there is no such key.
        """
        known = self.keys().get(key_id)
        if known is None:
            message = f"there is no key {key_id}; `watchhouse api-keys list` shows them"
            raise UsageError(message)
        if known.revoked_at is not None:
            return known
        revoked = ApiKey(**{**asdict(known), "revoked_at": now.isoformat(timespec="seconds")})
        path = self._folder / f"{key_id}.json"
        temporary = self._folder / f".{key_id}.{secrets.token_hex(4)}"
        create_exclusively(temporary, _document(revoked), mode=0o600)
        temporary.rename(path)
        sync(self._folder)
        return revoked

    def find(self, text: str) -> ApiKey | None:
        """Return the key that a caller presents; None if it is none, or revoked."""
        parts = text.split("_", _PARTS - 1)
        if len(parts) != _PARTS or parts[0] != _PREFIX:
            return None
        known = self.keys().get(parts[1])
        given = _hash(parts[2])
        if known is None or not hmac.compare_digest(known.key_hash, given):
            return None
        return known if known.revoked_at is None else None

    def _read(self) -> Iterable[tuple[str, ApiKey]]:
        for path in sorted(self._folder.glob("*.json")):
            try:
                values = json.loads(path.read_text(encoding="utf-8"))
                key = ApiKey(**{**values, "scopes": tuple(values["scopes"])})
            except (OSError, ValueError, KeyError, TypeError) as error:
                message = f"{path}: the API key cannot be read; restore or remove the file"
                raise LakeError(message) from error
            yield key.key_id, key


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _document(key: ApiKey) -> bytes:
    return json.dumps(asdict(key), ensure_ascii=False).encode() + b"\n"


def append_lines(path: Path, lines: bytes) -> None:
    """Add lines to a file that only its owner reads, in one write.

    Raises:
        OSError: it cannot be written.
    """
    try:
        descriptor = _open_to_append(path)
    except FileNotFoundError:
        make_folders(path.parent, mode=0o700)
        descriptor = _open_to_append(path)
    try:
        if os.write(descriptor, lines) < len(lines):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def _open_to_append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
