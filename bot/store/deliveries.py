"""Queries on the inbox: webhooks as they arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.core.observed import Delivery
from bot.store.rows import insert
from bot.store.store import Tx
from bot.store.tables import deliveries

ALIVE = timedelta(minutes=10)


async def keep(tx: Tx, arrived: Sequence[Delivery]) -> None:
    """Write deliveries; one whose id is there already is left as it is."""
    values = [
        {
            "delivery_id": d.id,
            "event": d.event,
            "body": d.body,
            "received_at": d.received_at,
            "next_at": d.received_at,
        }
        for d in arrived
    ]
    await tx.execute(insert(tx, deliveries).on_conflict_do_nothing(), values)


async def waiting(tx: Tx, now: datetime, limit: int) -> tuple[tuple[int, Delivery, int], ...]:
    """Deliveries to read: (row, delivery, attempts so far), oldest first."""
    found = await tx.execute(
        sa.select(deliveries)
        .where(deliveries.c.state == "new", deliveries.c.next_at <= now)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return tuple(
        (row["id"], Delivery(row["event"], row["body"], row["delivery_id"], row["received_at"]), row["attempts"])
        for row in found.mappings()
    )


async def next_due(tx: Tx) -> datetime | None:
    """When the next delivery is to be read."""
    query = sa.select(sa.func.min(deliveries.c.next_at)).where(deliveries.c.state == "new")
    when: datetime | None = await tx.scalar(query)
    return when


async def done(tx: Tx, ids: Sequence[int]) -> None:
    """Those have been read; the row stays for a while so that a repeat is known, the body goes."""
    await tx.execute(sa.update(deliveries).where(deliveries.c.id.in_(ids)).values(state="done", body=None))


async def failed(tx: Tx, row: int, reason: str, *, aside: bool, next_at: datetime) -> None:
    """One could not be read: to be tried again, or set aside with its reason."""
    values: dict[str, Any] = {"attempts": deliveries.c.attempts + 1, "reason": reason[:500], "next_at": next_at}
    if aside:
        values["state"] = "aside"
    await tx.execute(sa.update(deliveries).where(deliveries.c.id == row).values(values))


async def last_seen(tx: Tx) -> datetime | None:
    """When the last webhook arrived."""
    newest: datetime | None = await tx.scalar(
        sa.select(deliveries.c.received_at).order_by(deliveries.c.id.desc()).limit(1)
    )
    return newest


async def alive(tx: Tx, now: datetime) -> bool:
    """Whether a webhook has arrived within ten minutes."""
    last = await last_seen(tx)
    return last is not None and now - last < ALIVE


async def counts(tx: Tx) -> dict[str, int]:
    """How many deliveries are in which state."""
    found = await tx.execute(
        sa.select(deliveries.c.state, sa.func.count().label("number")).group_by(deliveries.c.state)
    )
    return {row.state: row.number for row in found}
