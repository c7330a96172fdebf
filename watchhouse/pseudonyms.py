"""Identifiers never reach disk: what is stored is a keyed hash, 22 characters, of each."""

import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from watchhouse.errors import LakeError, SettingsError
from watchhouse.storage import create_exclusively, make_folders

KEY_BYTES: Final = 32
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_SIGNED: Final = b"signature\0"
_PSEUDONYM_BYTES: Final = 16
_PSEUDONYM_LENGTH: Final = 22
_CHECKED_TEXT: Final = "the key of this home"
_ENCODED_LENGTH: Final = 24


class Pseudonymiser:
    """Turns identifiers into pseudonyms under one key."""

    def __init__(self, key: bytes) -> None:
        """Keep the key in memory only."""
        # The two halves of HMAC, started once: copying them takes a third of the time of
        # `hmac.digest`, which sets up the algorithm for each identifier.
        padded = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def pseudonym(self, identifier: str) -> str | None:
        """Return base64url of the first 128 bits of HMAC-SHA-256; None for a blank identifier."""
        return self.pseudonyms([identifier])[0]

    def pseudonyms(self, identifiers: Sequence[str]) -> list[str | None]:
        """Return the pseudonym of each identifier, in order."""
        begin, close = self._inner.copy, self._outer.copy
        digests = []
        for identifier in identifiers:
            inner, outer = begin(), close()
            inner.update(identifier.encode())
            outer.update(inner.digest())
            digests.append(outer.digest()[:_PSEUDONYM_BYTES])
        # Two more bytes each make 24 characters without padding: one call encodes all of them.
        padded = b"".join([digest + b"\0\0" for digest in digests])
        text = binascii.b2a_base64(padded, newline=False).translate(_URL_SAFE).decode()
        starts = range(0, len(text), _ENCODED_LENGTH)
        return [
            text[start : start + _PSEUDONYM_LENGTH] if identifier.strip() else None
            for identifier, start in zip(identifiers, starts, strict=True)
        ]

    def signature(self, content: bytes) -> bytes:
        """Return what only the holder of the key can make of `content`: 64 hex digits."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(_SIGNED)
        inner.update(content)
        outer.update(inner.digest())
        return outer.hexdigest().encode()


def parse_key(text: str, *, origin: str) -> bytes:
    """Read a key of 64 hex digits.

    Raises:
        SettingsError: naming `origin`, never the text itself.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"{origin}: a pseudonym key is 64 hex digits, as `openssl rand -hex 32` prints"
        raise SettingsError(message)
    return key


def load_key(path: Path, *, given: str | None, is_first: bool = True) -> bytes:
    """Return the key that was given, else the one in `path`, made there on first use.

    Two processes that start together agree on one key: the file is created exclusively, whole,
    readable by its owner only. Unless this is the `is_first` use, it must be there: under a new key
    everybody would become somebody else.

    Raises:
        SettingsError: the given key or the file's content is not a key.
        LakeError: the file cannot be read, or is gone.
    """
    if given is not None:
        return parse_key(given, origin="WATCHHOUSE_PSEUDONYM_KEY")
    if not path.exists():
        if not is_first:
            message = (
                f"{path}: the pseudonym key is gone, while the lake holds rows. Under a new key "
                "the same user would count twice: restore the file, or give the key as "
                "WATCHHOUSE_PSEUDONYM_KEY."
            )
            raise LakeError(message)
        make_folders(path.parent)
        fresh = secrets.token_bytes(KEY_BYTES).hex() + "\n"
        create_exclusively(path, fresh.encode(), mode=0o600)
    try:
        with os.fdopen(os.open(path, os.O_RDONLY), encoding="ascii", errors="replace") as handle:
            return parse_key(handle.read(), origin=str(path))
    except OSError as error:
        message = (
            f"{path}: the pseudonym key cannot be read ({error.strerror}). Without it new rows "
            "cannot be joined to old ones: restore it, or give it as WATCHHOUSE_PSEUDONYM_KEY."
        )
        raise LakeError(message) from error


def require_same_key(path: Path, key: bytes) -> None:
    """Make sure that a home is always landed under one key; `path` remembers it by a hash.

    Raises:
        SettingsError: it was landed under another key.
        LakeError: the file cannot be read.
    """
    check = Pseudonymiser(key).pseudonym(_CHECKED_TEXT)
    if not path.exists():  # A home that may only be read has one.
        make_folders(path.parent)
        if create_exclusively(path, f"{check}\n".encode()):
            return
    try:
        known = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); restore its permissions"
        raise LakeError(message) from error
    if known != check:
        message = (
            f"{path.parent}: was landed under another pseudonym key. The same user would count "
            "twice: give the key of this home, in pseudonym.key or WATCHHOUSE_PSEUDONYM_KEY, or "
            "land into another home."
        )
        raise SettingsError(message)
