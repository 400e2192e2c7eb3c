"""Stores webhooks before they are acknowledged; those that arrive together are committed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.builds.ingest.queries import insert_deliveries
from bot.builds.webhook_event import Delivery
from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.runtime.group_commit import CommitCallback, GroupCommit, TakeBatch
from bot.store.transactions import Store

# A webhook that would wait longer than this many seconds is refused at once: Buildkite sends it again, and a
# refusal is cheaper than a request that piles up behind a slow disk.
_MAX_WAIT_SECONDS = 2.0


class DeliverySpool:
    """Stores deliveries in the inbox; `wake` is called after each commit, since there is something to read."""

    def __init__(self, store: Store, wake: Callable[[], None], clock: Clock) -> None:
        self._store = store
        self._wake = wake
        self._batches: GroupCommit[Delivery, None] = GroupCommit(self._commit, clock)

    def keep(self, delivery: Delivery, on_stored: CommitCallback) -> None:
        """Store a delivery; call `on_stored` once it is durable, or with Unavailable if the store lags behind."""
        wait = self._batches.estimate_wait()
        if wait > _MAX_WAIT_SECONDS:
            on_stored(Unavailable("The inbox is backed up.", retry_after=wait))
        else:
            self._batches.add(delivery, on_stored)

    async def _commit(self, take: TakeBatch[Delivery]) -> Sequence[None]:
        async with self._store.write_directly() as driver:
            arrived = take()
            if arrived:  # none if their requests were given up during a shutdown
                await insert_deliveries(driver, arrived)
        self._wake()
        return [None] * len(arrived)
