"""The subscriptions as they stand, kept arranged between one event and the next."""

from __future__ import annotations

from bot.core.subscription_index import Index
from bot.store import subscriptions
from bot.store.store import Tx


class Subscribers:
    """Reads all subscriptions again when one has changed; until then a look costs one small query."""

    def __init__(self) -> None:
        self._index = Index()
        self._version = ""

    async def index(self, tx: Tx) -> Index:
        """The subscriptions that hold now."""
        version = await subscriptions.version(tx)
        if version != self._version:
            self._index, self._version = Index(await subscriptions.everything(tx)), version
        return self._index
