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


async def prune_deliveries(tx: Tx, before: datetime, limit: int) -> int:
    """Webhooks that were read; one that comes again later is folded in again, which changes nothing.

    Only the first ones are looked at, which came first: a day may have a million.
    """
    c = deliveries.c
    first = sa.select(c.id).where(c.state == "done").order_by(c.id).limit(limit)
    return (await tx.execute(sa.delete(deliveries).where(c.id.in_(first), c.received_at < before))).rowcount


async def prune_choices(tx: Tx, before: datetime, limit: int) -> int:
    """What buttons of private answers and forms stood for."""
    return await _delete_old(tx, choices, limit, choices.c.created_at < before)


async def prune_invocations(tx: Tx, before: datetime, limit: int) -> int:
    """What was asked for and has been answered; the audit keeps a trace of it."""
    return await _delete_old(tx, invocations, limit, invocations.c.closed_at < before, invocations.c.next_at.is_(None))


async def prune_answers(tx: Tx, before: datetime, limit: int) -> int:
    """Public answers that were posted or dropped."""
    ended = notices.c.state.in_(("done", "dropped"))
    return await _delete_old(tx, notices, limit, notices.c.card_id.is_(None), ended, notices.c.created_at < before)


async def prune_people(tx: Tx, before: datetime, limit: int) -> int:
    """Profiles that nobody has needed."""
    old = sa.select(people.c.user_id).where(people.c.fetched_at < before).limit(limit)
    found = await tx.execute(sa.delete(people).where(people.c.user_id.in_(old), people.c.fetched_at < before))
    return found.rowcount


async def prune_builds(tx: Tx, before: datetime, limit: int) -> int:
    """Builds that were last heard of before then and are read no more, with their jobs, cards and replies."""
    still_read = sa.and_(builds.c.followed, builds.c.read_due.is_not(None), builds.c.read_due >= before)
    query = sa.select(builds.c.id).where(builds.c.seen_at < before, sa.not_(still_read)).limit(limit)
    ids = list(await tx.scalars(query))
    if not ids:
        return 0
    card_ids = sa.select(cards.c.id).where(cards.c.build_id.in_(ids))
    await tx.execute(sa.delete(notices).where(notices.c.card_id.in_(card_ids)))
    for table in (cards, jobs, findings):
        await tx.execute(sa.delete(table).where(table.c.build_id.in_(ids)))
    await tx.execute(sa.delete(builds).where(builds.c.id.in_(ids)))
    return len(ids)


async def prune_previews(tx: Tx, before: datetime, limit: int) -> int:
    """Notes that a pipeline's link was drawn; builds take theirs with them."""
    pipelines = (cards.c.build_id.startswith("pipeline:"), cards.c.created_at < before)
    return await _delete_old(tx, cards, limit, *pipelines)


async def prune_runs(tx: Tx, before: datetime, limit: int) -> int:
    """What was remembered of builds for comparisons and reports."""
    return await _delete_old(tx, runs, limit, runs.c.heard_at < before)


async def prune_attempts(tx: Tx, before: datetime, limit: int) -> int:
    """What was remembered of attempts at steps."""
    return await _delete_old(tx, attempts, limit, attempts.c.heard_at < before)


async def prune_reminders(tx: Tx, before: datetime, limit: int) -> int:
    """What was said at a time of its own."""
    return await _delete_old(tx, reminders, limit, reminders.c.due_at.is_(None), reminders.c.created_at < before)


async def _delete_old(tx: Tx, table: sa.Table, limit: int, *where: sa.ColumnElement[bool]) -> int:
    old = sa.select(table.c.id).where(*where).limit(limit)
    return (await tx.execute(sa.delete(table).where(table.c.id.in_(old)))).rowcount


INTERVAL = timedelta(hours=1)
BATCH = 200
Prune = Callable[[Tx, datetime, int], Awaitable[int]]
RULES: tuple[tuple[timedelta, Prune], ...] = (
    (timedelta(hours=24), prune_deliveries),
    (timedelta(days=30), prune_choices),
    (timedelta(days=30), prune_invocations),
    (timedelta(days=30), prune_answers),
    (timedelta(days=30), prune_people),
    (timedelta(days=60), prune_builds),
    (timedelta(days=60), prune_previews),
    (timedelta(days=90), prune_runs),
    (timedelta(days=90), prune_attempts),
    (timedelta(days=7), prune_reminders),
)
log = structlog.stdlib.get_logger(__name__)


class Retention:
    """Takes away what is old; a tick is one short transaction for each kind."""

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next_round_at = float("-inf")
        self._remaining = RULES  # a kind of which nothing was left is not asked for again before the next hour

    async def tick(self) -> int:
        """Prune, if an hour has passed; says how many rows went."""
        if self._clock.monotonic() < self._next_round_at:
            return 0
        counts = [await self._prune(prune, self._clock.now() - age) for age, prune in self._remaining]
        count = sum(counts)
        if count:
            log.info("pruned", rows=count)
            self._remaining = tuple(rule for rule, gone in zip(self._remaining, counts, strict=True) if gone)
        else:
            self._remaining = RULES
            self._next_round_at = self._clock.monotonic() + INTERVAL.total_seconds()
        return count

    async def next_at(self) -> datetime | None:
        """In an hour."""
        return self._clock.now() + timedelta(seconds=max(self._next_round_at - self._clock.monotonic(), 0))

    async def _prune(self, prune: Prune, before: datetime) -> int:
        async with self._store.write() as tx:
            return await prune(tx, before, BATCH)
