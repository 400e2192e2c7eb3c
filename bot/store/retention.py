"""Takes away rows that nobody needs any more, so many at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from bot.runtime.clock import Clock
from bot.store.tables import builds, cards, choices, deliveries, invocations, jobs, notices, people
from bot.store.tables_notifications import attempts, findings, reminders, runs
from bot.store.transactions import Transactions, Tx


async def old_deliveries(tx: Tx, before: datetime, limit: int) -> int:
    """Webhooks that were read; one that comes again later is folded in again, which changes nothing.

    Only the first ones are looked at, which came first: a day may have a million.
    """
    c = deliveries.c
    first = sa.select(c.id).where(c.state == "done").order_by(c.id).limit(limit)
    return (await tx.execute(sa.delete(deliveries).where(c.id.in_(first), c.received_at < before))).rowcount


async def old_choices(tx: Tx, before: datetime, limit: int) -> int:
    """What buttons of private answers and forms stood for."""
    return await _prune(tx, choices, limit, choices.c.created_at < before)


async def old_invocations(tx: Tx, before: datetime, limit: int) -> int:
    """What was asked for and has been answered; the audit keeps a trace of it."""
    return await _prune(tx, invocations, limit, invocations.c.closed_at < before, invocations.c.next_at.is_(None))


async def old_answers(tx: Tx, before: datetime, limit: int) -> int:
    """Public answers that were posted or dropped."""
    over = notices.c.state.in_(("done", "dropped"))
    return await _prune(tx, notices, limit, notices.c.card_id.is_(None), over, notices.c.created_at < before)


async def old_people(tx: Tx, before: datetime, limit: int) -> int:
    """Profiles that nobody has needed."""
    old = sa.select(people.c.user_id).where(people.c.fetched_at < before).limit(limit)
    found = await tx.execute(sa.delete(people).where(people.c.user_id.in_(old), people.c.fetched_at < before))
    return found.rowcount


async def old_builds(tx: Tx, before: datetime, limit: int) -> int:
    """Builds that were last heard of before then and are read no more, with their jobs, cards and replies."""
    still_read = sa.and_(builds.c.followed, builds.c.read_due.is_not(None), builds.c.read_due >= before)
    query = sa.select(builds.c.id).where(builds.c.seen_at < before, sa.not_(still_read)).limit(limit)
    ids = list(await tx.scalars(query))
    if not ids:
        return 0
    of_them = sa.select(cards.c.id).where(cards.c.build_id.in_(ids))
    await tx.execute(sa.delete(notices).where(notices.c.card_id.in_(of_them)))
    for table in (cards, jobs, findings):
        await tx.execute(sa.delete(table).where(table.c.build_id.in_(ids)))
    await tx.execute(sa.delete(builds).where(builds.c.id.in_(ids)))
    return len(ids)


async def old_previews(tx: Tx, before: datetime, limit: int) -> int:
    """Notes that a pipeline's link was drawn; builds take theirs with them."""
    pipelines = (cards.c.build_id.startswith("pipeline:"), cards.c.created_at < before)
    return await _prune(tx, cards, limit, *pipelines)


async def old_runs(tx: Tx, before: datetime, limit: int) -> int:
    """What was remembered of builds for comparisons and reports."""
    return await _prune(tx, runs, limit, runs.c.heard_at < before)


async def old_attempts(tx: Tx, before: datetime, limit: int) -> int:
    """What was remembered of attempts at steps."""
    return await _prune(tx, attempts, limit, attempts.c.heard_at < before)


async def old_reminders(tx: Tx, before: datetime, limit: int) -> int:
    """What was said at a time of its own."""
    return await _prune(tx, reminders, limit, reminders.c.due_at.is_(None), reminders.c.created_at < before)


async def _prune(tx: Tx, table: sa.Table, limit: int, *where: sa.ColumnElement[bool]) -> int:
    old = sa.select(table.c.id).where(*where).limit(limit)
    return (await tx.execute(sa.delete(table).where(table.c.id.in_(old)))).rowcount


EVERY = timedelta(hours=1)
BATCH = 200
Prune = Callable[[Tx, datetime, int], Awaitable[int]]
RULES: tuple[tuple[timedelta, Prune], ...] = (
    (timedelta(hours=24), old_deliveries),
    (timedelta(days=30), old_choices),
    (timedelta(days=30), old_invocations),
    (timedelta(days=30), old_answers),
    (timedelta(days=30), old_people),
    (timedelta(days=60), old_builds),
    (timedelta(days=60), old_previews),
    (timedelta(days=90), old_runs),
    (timedelta(days=90), old_attempts),
    (timedelta(days=7), old_reminders),
)
log = structlog.stdlib.get_logger(__name__)


class Retention:
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
