"""`kitestring rotate`: re-encrypts stored secrets with the newest key."""

from __future__ import annotations

from collections.abc import Callable

from bot.errors import KitestringError
from bot.settings import Settings
from bot.store.key_rotation import KeyRotation
from bot.store.transactions import Store
from bot.store.vault import Vault


async def rotate(settings: Settings, echo: Callable[[str], None]) -> None:
    """Re-encrypt all secrets with the first of `KITESTRING_SECRET_KEY`. Raise KitestringError if it isn't set."""
    if not settings.secret_keys:
        raise KitestringError(
            "KITESTRING_SECRET_KEY isn't set.",
            "Set it to a new key, a comma, and the key from the file beside the SQLite database.",
        )
    store = Store(settings.database_url.get_secret_value())
    try:
        count = await KeyRotation(store, Vault(settings.secret_keys)).rotate_all()
    finally:
        await store.close()
    echo(f"{count} values re-encrypted. Only the first key is needed now.")
