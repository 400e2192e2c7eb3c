"""Writes webhooks down before they are acknowledged; what arrives together is committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.batching import Batches, Told
from bot.core.observed import Delivery
from bot.store import deliveries
from bot.store.store import Store


class Keeper:
    """`wake` is called after each commit: there is something to read."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._batches: Batches[Delivery] = Batches(self._commit)

    def keep(self, delivery: Delivery, told: Told) -> None:
        """`told` is called once it is durable; with Unavailable when the store is down."""
        self._batches.add(delivery, told)

    async def _commit(self, arrived: Sequence[Delivery]) -> None:
        await deliveries.keep(self._store, arrived)
        self._wake()
