"""Encrypts what must not be read in the database: arguments and response URLs while they are needed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import KitestringError


class Vault:
    """Seals with the newest key, opens with any. Raises KitestringError when no key fits."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = MultiFernet([Fernet(key) for key in keys])
        self._newest = Fernet(keys[0])
        self.has_older_keys = len(keys) > 1

    def seal(self, value: Any) -> bytes:
        """Any JSON value, encrypted."""
        return self._keys.encrypt(json.dumps(value).encode())

    def open(self, sealed: bytes) -> Any:
        """What was sealed."""
        try:
            return json.loads(self._keys.decrypt(bytes(sealed)))
        except InvalidToken as error:
            raise KitestringError(
                "A stored value cannot be decrypted.",
                "Put the key it was written with back into KITESTRING_SECRET_KEY.",
            ) from error

    def reseal(self, sealed: bytes) -> bytes | None:
        """The same under the newest key; None where it is that already, or where no key fits."""
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
    """The key in the file next to a SQLite database, made at the first call and readable by its owner only."""
    path = database.with_name(f"{database.name}.key")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = Fernet.generate_key().decode()
    with os.fdopen(handle, "w") as file:
        file.write(key)
    return key
