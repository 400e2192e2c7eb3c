from __future__ import annotations

from collections.abc import Callable

from bot.errors import KitestringError
from bot.settings import Settings
from bot.store.key_rotation import Rotation
from bot.store.transactions import Store
from bot.store.vault import Vault


async def rotate(settings: Settings, say: Callable[[str], None]) -> None:
    """Everything under the first of `KITESTRING_SECRET_KEY`; raises KitestringError where that is not set."""
    if not settings.secret_keys:
        raise KitestringError(
            "KITESTRING_SECRET_KEY is not set.",
            "Set it to a new key, a comma, and the key in the file beside SQLite.",
        )
    store = Store(settings.database_url.get_secret_value())
    try:
        count = await Rotation(store, Vault(settings.secret_keys)).everything()
    finally:
        await store.close()
    say(f"{count} values sealed anew; only the first key is needed now.")
