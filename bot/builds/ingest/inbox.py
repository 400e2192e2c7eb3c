"""Reads the deliveries in the inbox and folds them into tracked builds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.buildkite.models import Build, Job
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.ingest.agent_events import queue_agent_events
from bot.builds.ingest.queries import (
    PendingDelivery,
    claim_deliveries,
    find_next_delivery_due,
    find_pending_ids,
    mark_deliveries_read,
    mark_delivery_failed,
)
from bot.builds.webhook_event import Delivery, ParsedBuilds, Undecodable, WebhookEvent
from bot.history import recorder
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Store, Tx

Decode = Callable[[str, bytes, ParsedBuilds], WebhookEvent]
# Deliveries per transaction. More would amortize the commit better, but hold the write lock for longer.
BATCH = 500
# While people's requests are writing: their turn to write comes between two batches.
BATCH_WHILE_WRITING = 60
# Deliveries decoded, in a few milliseconds, before the event loop serves something else.
_YIELD_EVERY = 50
# A batch may fail because of a single delivery, or because the database was down: hence more than one try.
MAX_TRIES = 3
log = structlog.stdlib.get_logger(__name__)


class Inbox:
    """Reads deliveries in batches, oldest first.

    The web server only stores a webhook, so Buildkite gets its answer in milliseconds whatever the fold costs.
    A batch is claimed, folded in and closed in one transaction: after a crash it is read again as a whole, and
    nothing is counted twice. `decode` decodes a payload; `record_age` receives each delivery's age in seconds.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        decode: Decode,
        wake: Callable[[], None],
        record_age: Callable[[float], None],
        subscribers: SubscriptionCache,
    ) -> None:
        self._record_age = record_age
        self._webhooks_noted = False
        self._small = store.small_write_count
        self._subscribers = subscribers
        self._store = store
        self._clock = clock
        self._decode_payload = decode
        self._wake = wake

    async def tick(self) -> int:
        """Read one batch of deliveries; if the batch fails, read its deliveries one at a time."""
        limit = self._choose_limit()
        if not await self._find_pending(1):
            return 0
        try:
            read = await run_guarded(self._fold(limit), "inbox")
        except InternalError:
            # The whole batch was rolled back. One by one, only the delivery that breaks the fold is left behind.
            read = sum([await self._fold_single(row) for row in await self._find_pending(limit)])
        self._wake()
        return read

    async def next_at(self) -> datetime | None:
        """Return when the next delivery is due."""
        async with self._store.read() as tx:
            return await find_next_delivery_due(tx)

    async def _find_pending(self, limit: int) -> tuple[int, ...]:
        async with self._store.read() as tx:
            return await find_pending_ids(tx, self._clock.now(), limit)

    def _choose_limit(self) -> int:
        """Return the batch size, small while people's requests write: their turn comes between two folds."""
        before, self._small = self._small, self._store.small_write_count
        return BATCH if before == self._small else BATCH_WHILE_WRITING

    async def _fold(self, limit: int, only: int | None = None) -> int:
        """Claim, decode, fold in and close deliveries in one transaction; return how many."""
        async with self._store.write() as tx:
            claimed = await claim_deliveries(tx, self._clock.now(), limit, only)
            decoded = await self._decode_all(claimed)
            for delivery, event in decoded:
                if isinstance(event, Undecodable):
                    # Another try would fail the same way, so it is set aside at once.
                    await mark_delivery_failed(
                        tx, delivery.row, str(event), set_aside=True, next_at=self._clock.now()
                    )
            read = [(delivery, event) for delivery, event in decoded if isinstance(event, WebhookEvent)]
            await self._fold_builds(tx, [(event.build, event.jobs) for _delivery, event in read if event.build])
            await queue_agent_events(tx, [event for _delivery, event in read], self._clock.now())
            await mark_deliveries_read(tx, [delivery for delivery, _event in read])
        self._webhooks_noted = True
        for pending in claimed:
            self._record_age((self._clock.now() - pending.delivery.received_at).total_seconds())
        return len(claimed)

    async def _fold_single(self, row: int) -> int:
        """Read one delivery; set it aside after three failures, with the reason, so that it blocks no others."""
        try:
            return await run_guarded(self._fold(1, row), "inbox", delivery=row)
        except InternalError as bug:
            async with self._store.write() as tx:
                for delivery in await claim_deliveries(tx, self._clock.now(), 1, row):
                    await self._mark_failed(tx, delivery, bug)
        return 1

    async def _mark_failed(self, tx: Tx, delivery: PendingDelivery, bug: InternalError) -> None:
        tries = delivery.attempts + 1
        next_at = self._clock.now() + timedelta(seconds=backoff_seconds(tries))
        await mark_delivery_failed(tx, delivery.row, str(bug), set_aside=tries >= MAX_TRIES, next_at=next_at)

    async def _decode_all(
        self, claimed: Sequence[PendingDelivery]
    ) -> list[tuple[PendingDelivery, WebhookEvent | Undecodable]]:
        parsed: ParsedBuilds = {}
        decoded: list[tuple[PendingDelivery, WebhookEvent | Undecodable]] = []
        for start in range(0, len(claimed), _YIELD_EVERY):
            part = claimed[start : start + _YIELD_EVERY]
            decoded += [(pending, self._decode(pending.delivery, parsed)) for pending in part]
            await asyncio.sleep(0)
        return decoded

    def _decode(self, delivery: Delivery, parsed: ParsedBuilds) -> WebhookEvent | Undecodable:
        try:
            return self._decode_payload(delivery.event, delivery.body, parsed)
        except Undecodable as error:
            log.warning("delivery set aside", webhook=delivery.event, reason=str(error))
            return error

    async def _fold_builds(self, tx: Tx, reports: Sequence[tuple[Build, tuple[Job, ...]]]) -> None:
        """Fold in the reported builds, in the order in which their webhooks arrived."""
        now = self._clock.now()
        if not self._webhooks_noted:
            await recorder.note_first_webhook(tx, now)
        matcher = SubscriptionMatcher(await self._subscribers.get_index(tx), now)
        await BuildFold(now, webhooks_arriving=True, matcher=matcher).fold_webhooks(tx, reports)
