"""Writes webhooks down before they are acknowledged; what arrives together is committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.batching import Batches
from bot.core.observed import Delivery
from bot.store import deliveries
from bot.store.store import Store


class Keeper:
    """`wake` is called after each commit: there is something to read."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._batches: Batches[Delivery] = Batches(self._commit)

    async def keep(self, delivery: Delivery) -> None:
        """Durable when this returns. Raises Unavailable when the store is down."""
        await self._batches.put(delivery)

    async def _commit(self, arrived: Sequence[Delivery]) -> None:
        async with self._store.write() as tx:
            await deliveries.keep(tx, arrived)
        self._wake()
