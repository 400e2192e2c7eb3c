"""Deletes rows that are no longer needed, a batch at a time."""

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
    """Delete webhooks that were read; if Buildkite sends one again later, folding it again changes nothing.

    Only the `limit` oldest by id are considered: a day may have a million, and `received_at` has no index.
    """
    c = deliveries.c
    oldest = sa.select(c.id).where(c.state == "done").order_by(c.id).limit(limit)
    return (await tx.execute(sa.delete(deliveries).where(c.id.in_(oldest), c.received_at < before))).rowcount


async def prune_choices(tx: Tx, before: datetime, limit: int) -> int:
    """Delete the choices behind the buttons of old private messages and forms."""
    return await _delete_old(tx, choices, limit, choices.c.created_at < before)


async def prune_invocations(tx: Tx, before: datetime, limit: int) -> int:
    """Delete invocations that were answered; the audit log still records them."""
    return await _delete_old(
        tx, invocations, limit, invocations.c.closed_at < before, invocations.c.next_at.is_(None)
    )


async def prune_answers(tx: Tx, before: datetime, limit: int) -> int:
    """Delete queued messages without a card that were posted or dropped."""
    ended = notices.c.state.in_(("done", "dropped"))
    return await _delete_old(tx, notices, limit, notices.c.card_id.is_(None), ended, notices.c.created_at < before)


async def prune_people(tx: Tx, before: datetime, limit: int) -> int:
    """Delete cached profiles that haven't been fetched again since."""
    old = sa.select(people.c.user_id).where(people.c.fetched_at < before).limit(limit)
    result = await tx.execute(sa.delete(people).where(people.c.user_id.in_(old), people.c.fetched_at < before))
    return result.rowcount


async def prune_builds(tx: Tx, before: datetime, limit: int) -> int:
    """Delete builds without recent news that the poller no longer reads, with their jobs, cards and replies."""
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
    """Delete the records of unfurled pipeline links; those of builds are deleted along with the build."""
    pipelines = (cards.c.build_id.startswith("pipeline:"), cards.c.created_at < before)
    return await _delete_old(tx, cards, limit, *pipelines)


async def prune_runs(tx: Tx, before: datetime, limit: int) -> int:
    """Delete the history of builds, which comparisons and reports use."""
    return await _delete_old(tx, runs, limit, runs.c.heard_at < before)


async def prune_attempts(tx: Tx, before: datetime, limit: int) -> int:
    """Delete the history of attempts at steps."""
    return await _delete_old(tx, attempts, limit, attempts.c.heard_at < before)


async def prune_reminders(tx: Tx, before: datetime, limit: int) -> int:
    """Delete reminders that were sent."""
    return await _delete_old(tx, reminders, limit, reminders.c.due_at.is_(None), reminders.c.created_at < before)


async def _delete_old(tx: Tx, table: sa.Table, limit: int, *where: sa.ColumnElement[bool]) -> int:
    old = sa.select(table.c.id).where(*where).limit(limit)
    return (await tx.execute(sa.delete(table).where(table.c.id.in_(old)))).rowcount


INTERVAL = timedelta(hours=1)
# Rows per transaction, so that requests don't wait for their turn to write.
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
    """Deletes old rows; a tick is one short transaction for each rule."""

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next_round_at = float("-inf")
        self._remaining = RULES  # those that may still have rows to delete in this round

    async def tick(self) -> int:
        """Delete a batch for each remaining rule, if an hour has passed; return the number of rows."""
        if self._clock.monotonic() < self._next_round_at:
            return 0
        counts = [await self._prune(prune, self._clock.now() - age) for age, prune in self._remaining]
        count = sum(counts)
        if count:
            log.info("pruned", rows=count)
            pairs = zip(self._remaining, counts, strict=True)
            self._remaining = tuple(rule for rule, deleted in pairs if deleted)
        else:
            self._remaining = RULES
            self._next_round_at = self._clock.monotonic() + INTERVAL.total_seconds()
        return count

    async def next_at(self) -> datetime | None:
        """Return when the next hourly round begins."""
        return self._clock.now() + timedelta(seconds=max(self._next_round_at - self._clock.monotonic(), 0))

    async def _prune(self, prune: Prune, before: datetime) -> int:
        async with self._store.write() as tx:
            return await prune(tx, before, BATCH)
