"""Webhooks that were kept, turned into what is known of builds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.buildkite.models import Build, Job
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.ingest.agent_events import hear
from bot.builds.ingest.queries import (
    PendingDelivery,
    claim_deliveries,
    find_next_delivery_due,
    find_pending_ids,
    mark_deliveries_read,
    mark_delivery_failed,
)
from bot.builds.webhook_event import Delivery, Read, Undecodable, WebhookEvent
from bot.history import recorder
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Store, Tx

Observe = Callable[[str, bytes, Read], WebhookEvent]
BATCH = 500
# So many while people wait for their turn to write.
FEW = 60
# So many are read, a few milliseconds, before others have their turn.
_BREATH = 50
TRIES = 3
log = structlog.stdlib.get_logger(__name__)


class Inbox:
    """`observe` reads a payload; `folded` is told how old each delivery was, in seconds, when it was read."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        observe: Observe,
        wake: Callable[[], None],
        folded: Callable[[float], None],
        subscribers: SubscriptionCache,
    ) -> None:
        self._folded = folded
        self._hearing = False
        self._small = store.small
        self._subscribers = subscribers
        self._store = store
        self._clock = clock
        self._observe = observe
        self._wake = wake

    async def tick(self) -> int:
        """Read what waits, some at a time, in one transaction; one at a time when something breaks."""
        most = self._most()
        if not await self._waiting(1):
            return 0
        try:
            read = await run_guarded(self._fold(most), "inbox")
        except InternalError:
            read = sum([await self._fold_alone(row) for row in await self._waiting(most)])
        self._wake()
        return read

    async def next_at(self) -> datetime | None:
        """When a delivery waits to be read."""
        async with self._store.read() as tx:
            return await find_next_delivery_due(tx)

    async def _waiting(self, most: int) -> tuple[int, ...]:
        async with self._store.read() as tx:
            return await find_pending_ids(tx, self._clock.now(), most)

    def _most(self) -> int:
        """Few while people write: their turn comes between two folds."""
        before, self._small = self._small, self._store.small
        return BATCH if before == self._small else FEW

    async def _fold(self, most: int, only: int | None = None) -> int:
        """Claim, read, fold in and close in one transaction; says how many there were."""
        async with self._store.write() as tx:
            claimed = await claim_deliveries(tx, self._clock.now(), most, only)
            observed = await self._looked(claimed)
            for item, facts in observed:
                if isinstance(facts, Undecodable):
                    await mark_delivery_failed(tx, item.row, str(facts), aside=True, next_at=self._clock.now())
            read = [(item, facts) for item, facts in observed if isinstance(facts, WebhookEvent)]
            await self._take(tx, [(facts.build, facts.jobs) for _one, facts in read if facts.build])
            await hear(tx, [facts for _one, facts in read], self._clock.now())
            await mark_deliveries_read(tx, [item for item, _facts in read])
        self._hearing = True
        for item in claimed:
            self._folded((self._clock.now() - item.delivery.received_at).total_seconds())
        return len(claimed)

    async def _fold_alone(self, row: int) -> int:
        """What fails three times is set aside with its reason, so that it stops nobody else."""
        try:
            return await run_guarded(self._fold(1, row), "inbox", delivery=row)
        except InternalError as bug:
            async with self._store.write() as tx:
                for claim_delivery in await claim_deliveries(tx, self._clock.now(), 1, row):
                    await self._failed(tx, claim_delivery, bug)
        return 1

    async def _failed(self, tx: Tx, delivery: PendingDelivery, bug: InternalError) -> None:
        tries = delivery.attempts + 1
        next_at = self._clock.now() + timedelta(seconds=backoff_seconds(tries))
        await mark_delivery_failed(tx, delivery.row, str(bug), aside=tries >= TRIES, next_at=next_at)

    async def _looked(
        self, claimed: Sequence[PendingDelivery]
    ) -> list[tuple[PendingDelivery, WebhookEvent | Undecodable]]:
        read: Read = {}
        observed: list[tuple[PendingDelivery, WebhookEvent | Undecodable]] = []
        for start in range(0, len(claimed), _BREATH):
            observed += [(item, self._look(item.delivery, read)) for item in claimed[start : start + _BREATH]]
            await asyncio.sleep(0)
        return observed

    def _look(self, delivery: Delivery, read: Read) -> WebhookEvent | Undecodable:
        try:
            return self._observe(delivery.event, delivery.body, read)
        except Undecodable as why:
            log.warning("delivery set aside", webhook=delivery.event, reason=str(why))
            return why

    async def _take(self, tx: Tx, said: Sequence[tuple[Build, tuple[Job, ...]]]) -> None:
        """What is said, in the order it came."""
        now = self._clock.now()
        if not self._hearing:
            await recorder.note_webhooks(tx, now)
        rules = BuildFold(now, alive=True, news=SubscriptionMatcher(await self._subscribers.index(tx), now))
        await rules.heard(tx, said)
