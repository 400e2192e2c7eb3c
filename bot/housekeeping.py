"""Keeps the database from growing without bound.

Once an hour, at most 200 rows of a kind in a transaction, and so on until nothing is left to take away:

- webhooks that were read: 24 hours after they arrived (their bodies go at once; those set aside stay);
- what buttons and forms stand for: after 30 days, when their messages are too old to be pressed;
- what was asked for: 30 days after it was answered; public answers and people's profiles likewise;
- builds with their jobs, cards and replies: 60 days after they were last heard of;
- what reports are made from: how every build and step did, 90 days after it was heard.

The audit is never pruned.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.store import pruning
from bot.store.store import Transactions, Tx

EVERY = timedelta(hours=1)
BATCH = 200
Prune = Callable[[Tx, datetime, int], Awaitable[int]]
RULES: tuple[tuple[timedelta, Prune], ...] = (
    (timedelta(hours=24), pruning.old_deliveries),
    (timedelta(days=30), pruning.old_choices),
    (timedelta(days=30), pruning.old_invocations),
    (timedelta(days=30), pruning.old_answers),
    (timedelta(days=30), pruning.old_people),
    (timedelta(days=60), pruning.old_builds),
    (timedelta(days=60), pruning.old_previews),
    (timedelta(days=90), pruning.old_runs),
    (timedelta(days=90), pruning.old_attempts),
    (timedelta(days=7), pruning.old_reminders),
)
log = structlog.stdlib.get_logger(__name__)


class Housekeeping:
    """Takes away what is old; a tick is one short transaction for each kind."""

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._again_at = float("-inf")
        self._left = RULES  # a kind of which nothing was left is not asked for again before the next hour

    async def tick(self) -> int:
        """Prune, if an hour has passed; says how many rows went."""
        if self._clock.monotonic() < self._again_at:
            return 0
        counts = [await self._prune(prune, self._clock.now() - age) for age, prune in self._left]
        count = sum(counts)
        if count:
            log.info("pruned", rows=count)
            self._left = tuple(rule for rule, gone in zip(self._left, counts, strict=True) if gone)
        else:
            self._left = RULES
            self._again_at = self._clock.monotonic() + EVERY.total_seconds()
        return count

    async def next_at(self) -> datetime | None:
        """In an hour."""
        return self._clock.now() + timedelta(seconds=max(self._again_at - self._clock.monotonic(), 0))

    async def _prune(self, prune: Prune, before: datetime) -> int:
        async with self._store.write() as tx:
            return await prune(tx, before, BATCH)
