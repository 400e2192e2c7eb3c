"""Encrypts what must not be readable in the database: arguments, response URLs and personal tokens."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import KitestringError


class Vault:
    """Encrypts with the newest key and decrypts with any."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])
        self._newest = Fernet(keys[0])
        self.has_older_keys = len(keys) > 1

    def seal(self, value: object) -> bytes:
        """Encrypt a JSON value."""
        return self._keys.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes) -> Any:
        """Decrypt a value. Raise KitestringError if no key fits."""
        try:
            return json.loads(self._keys.decrypt(bytes(sealed)))
        except InvalidToken as error:
            raise KitestringError(
                "A stored value can't be decrypted.",
                "Put the key it was encrypted with back into KITESTRING_SECRET_KEY.",
            ) from error

    def reseal(self, sealed: bytes) -> bytes | None:
        """Re-encrypt a value with the newest key; None if it is already, or if no key fits."""
        try:
            self._newest.decrypt(bytes(sealed))
        except InvalidToken:
            return self._rotate(bytes(sealed))
        return None

    def _rotate(self, sealed: bytes) -> bytes | None:
        try:
            return self._keys.rotate(sealed)
        except InvalidToken:
            return None


def load_or_create_key(database: Path) -> str:
    """Return the key from the file next to the SQLite database; the first call creates it, readable by its owner.

    O_EXCL makes one of two simultaneous first starts win, and the other read the winner's key.
    """
    path = database.with_name(f"{database.name}.key")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = Fernet.generate_key().decode()
    with os.fdopen(handle, "w") as file:
        file.write(key)
    return key
