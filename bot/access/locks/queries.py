"""Queries on locks; an expired lock counts as gone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.access.locks.rules import Lock
from bot.store.sql import Row, insert_into
from bot.store.tables_people import locks
from bot.store.transactions import Tx


async def find_active_locks(tx: Tx, now: datetime, pipeline: str | None = None) -> tuple[Lock, ...]:
    """Return the active locks on a pipeline, or on all pipelines, oldest first."""
    query = sa.select(locks).where(locks.c.until > now).order_by(locks.c.created_at, locks.c.pipeline)
    if pipeline is not None:
        query = query.where(locks.c.pipeline == pipeline)
    return tuple(_read_lock(row) for row in (await tx.execute(query)).mappings())


async def save_lock(tx: Tx, lock: Lock, now: datetime, *, force: bool) -> Lock:
    """Save a lock and return the lock now in force; without `force`, another holder's lock stays."""
    await tx.execute(sa.delete(locks).where(locks.c.until <= now))
    values = {
        "pipeline": lock.pipeline,
        "branch": lock.branch or "",
        "reason": lock.reason,
        "holder": lock.holder,
        "until": lock.until,
        "created_at": lock.created_at,
    }
    mine = locks.c.holder == lock.holder
    await tx.execute(
        insert_into(tx, locks)
        .values(values)
        .on_conflict_do_update(
            index_elements=["pipeline", "branch"], set_=values, where=sa.true() if force else mine
        )
    )
    same = sa.and_(locks.c.pipeline == lock.pipeline, locks.c.branch == (lock.branch or ""))
    return _read_lock((await tx.execute(sa.select(locks).where(same))).mappings().one())


async def delete_lock(tx: Tx, lock: Lock) -> None:
    """Delete a lock if it still has the same holder; it may have been taken over in the meantime."""
    same = sa.and_(locks.c.pipeline == lock.pipeline, locks.c.branch == (lock.branch or ""))
    await tx.execute(sa.delete(locks).where(same, locks.c.holder == lock.holder))


def _read_lock(row: Row) -> Lock:
    return Lock(
        row["pipeline"], row["branch"] or None, row["reason"], row["holder"], row["until"], row["created_at"]
    )
