"""Deletes rows that are no longer needed, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from bot.runtime.clock import Clock
from bot.store.retention_rules import DeletedAfter, DeletedWith, find_rules
from bot.store.schema import list_tables
from bot.store.transactions import Transactions, Tx

INTERVAL = timedelta(hours=1)
# Rows per transaction, so that requests don't wait for their turn to write.
BATCH = 200
log = structlog.stdlib.get_logger(__name__)


class Retention:
    """Deletes old rows; a tick is one short transaction for each rule."""

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next_round_at = float("-inf")
        self._rules = self._remaining = (
            list_deletion_rules()
        )  # those that may still have rows to delete in this round

    async def tick(self) -> int:
        """Delete a batch for each remaining rule, if an hour has passed; return the number of rows."""
        if self._clock.monotonic() < self._next_round_at:
            return 0
        counts = [await self._prune(table, rule) for table, rule in self._remaining]
        count = sum(counts)
        if count:
            log.info("pruned", rows=count)
            pairs = zip(self._remaining, counts, strict=True)
            self._remaining = [entry for entry, deleted in pairs if deleted]
        else:
            self._remaining = self._rules
            self._next_round_at = self._clock.monotonic() + INTERVAL.total_seconds()
        return count

    async def next_at(self) -> datetime | None:
        """Return when the next hourly round begins."""
        return self._clock.now() + timedelta(seconds=max(self._next_round_at - self._clock.monotonic(), 0))

    async def _prune(self, table: sa.Table, rule: DeletedAfter) -> int:
        async with self._store.write() as tx:
            return await prune(tx, table, rule, self._clock.now() - rule.age)


def list_deletion_rules() -> list[tuple[sa.Table, DeletedAfter]]:
    """Return the tables whose rows are deleted after some time, each with that rule."""
    return [
        (table, rule) for table in list_tables() for rule in find_rules(table) if isinstance(rule, DeletedAfter)
    ]


async def prune(tx: Tx, table: sa.Table, rule: DeletedAfter, before: datetime) -> int:
    """Delete a batch of the rows that the rule calls old, and what is deleted along with them; return how many."""
    keys = [tuple(row) for row in await tx.execute(_select_old(table, rule, before))]
    if keys:
        for deletion in _list_deletions(table, sa.tuple_(*table.primary_key.columns).in_(keys)):
            await tx.execute(deletion)
    return len(keys)


def _select_old(table: sa.Table, rule: DeletedAfter, before: datetime) -> sa.Select[tuple[object, ...]]:
    matching, key = rule.only(table, before), tuple(table.primary_key.columns)
    if not rule.oldest_first:
        return sa.select(*key).where(table.c[rule.column] < before, matching).limit(BATCH)
    oldest = sa.select(*key, table.c[rule.column]).where(matching).order_by(*key).limit(BATCH).subquery()
    return sa.select(*(oldest.c[column.name] for column in key)).where(oldest.c[rule.column] < before)


def _list_deletions(table: sa.Table, chosen: sa.ColumnElement[bool]) -> Iterator[sa.Delete]:
    """Yield the deletions of the chosen rows, after those of the rows that are deleted along with them."""
    for child in list_tables():
        for rule in find_rules(child):
            if isinstance(rule, DeletedWith) and rule.parent == table.name:
                parents = sa.select(*table.primary_key.columns).where(chosen)
                yield from _list_deletions(child, child.c[rule.column].in_(parents))
    yield sa.delete(table).where(chosen)
