"""Webhooks that were kept, turned into what is known of builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.batching import Batches
from bot.clock import Clock
from bot.core import pace
from bot.core.observed import Delivery, Facts, Undecodable
from bot.following import Following
from bot.store import deliveries
from bot.store.store import Store, Tx
from bot.supervise import Bug, guarded

Observe = Callable[[str, bytes], Facts]
Row = tuple[int, Delivery, int]
BATCH = 100
TRIES = 3
log = structlog.stdlib.get_logger(__name__)


class Inbox:
    """`observe` reads a payload; `alive` says whether webhooks are arriving."""

    def __init__(self, store: Store, clock: Clock, observe: Observe, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._observe = observe
        self._wake = wake

    async def tick(self) -> int:
        """Read what waits, a hundred at a time, in one transaction; one at a time when something breaks."""
        async with self._store.read() as tx:
            waiting = await deliveries.waiting(tx, self._clock.now(), BATCH)
        if not waiting:
            return 0
        try:
            await guarded(self._fold(waiting), "inbox")
        except Bug:
            for row in waiting:
                await self._fold_alone(row)
        self._wake()
        return len(waiting)

    async def next_at(self) -> datetime | None:
        """When a delivery waits to be read."""
        async with self._store.read() as tx:
            return await deliveries.next_due(tx)

    async def _fold(self, waiting: Sequence[Row]) -> None:
        observed = [(row, self._look(delivery)) for row, delivery, _tries in waiting]
        async with self._store.write() as tx:
            for row, facts in observed:
                if isinstance(facts, Undecodable):
                    await deliveries.failed(tx, row, str(facts), aside=True, next_at=self._clock.now())
                else:
                    await self._take(tx, facts)
            await deliveries.done(tx, [row for row, facts in observed if isinstance(facts, Facts)])

    async def _fold_alone(self, row: Row) -> None:
        """What fails three times is set aside with its reason, so that it stops nobody else."""
        try:
            await guarded(self._fold([row]), "inbox", delivery=row[0])
        except Bug as bug:
            tries = row[2] + 1
            next_at = self._clock.now() + timedelta(seconds=pace.backoff(tries))
            async with self._store.write() as tx:
                await deliveries.failed(tx, row[0], str(bug), aside=tries >= TRIES, next_at=next_at)

    def _look(self, delivery: Delivery) -> Facts | Undecodable:
        try:
            return self._observe(delivery.event, delivery.body)
        except Undecodable as why:
            log.warning("delivery set aside", webhook=delivery.event, reason=str(why))
            return why

    async def _take(self, tx: Tx, facts: Facts) -> None:
        if facts.build is not None:
            await Following(self._clock.now(), alive=True).heard(tx, facts.build, facts.jobs)


class Keeper:
    """Writes deliveries down before they are acknowledged; what arrives together is committed together."""

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
