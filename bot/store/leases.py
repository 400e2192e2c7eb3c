"""Queries on leases: who may write to a workspace, until when, with which fence."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.sql import insert_into
from bot.store.tables import leases
from bot.store.transactions import Tx


@dataclass(frozen=True)
class Lease:
    """A lease as it stands: `seconds` are left by the database's clock; `fence` grows with each holder."""

    holder: str
    fence: int
    seconds: float


async def take(tx: Tx, name: str, holder: str, seconds: float, *, dead: str | None = None) -> Lease:
    """Renew our own lease, or take one that has run out, or whose holder is `dead`.

    Gives the lease as it stands afterwards, whoever holds it.
    """
    now = _now(tx)
    await tx.execute(
        insert_into(tx, leases).values(name=name, holder="", fence=0, until=0).on_conflict_do_nothing()
    )
    mine = leases.c.holder == holder
    change = {
        "holder": holder,
        "until": now + seconds,
        "fence": sa.case((mine, leases.c.fence), else_=leases.c.fence + 1),
    }
    takeable = sa.or_(mine, leases.c.until < now, leases.c.holder == dead if dead else sa.false())
    await tx.execute(sa.update(leases).where(leases.c.name == name, takeable).values(change))
    return await read_lease(tx, name)


async def read_lease(tx: Tx, name: str) -> Lease:
    """The lease as it stands."""
    left = (leases.c.until - _now(tx)).label("seconds")
    row = (await tx.execute(sa.select(leases.c.holder, leases.c.fence, left).where(leases.c.name == name))).one()
    return Lease(row.holder, row.fence, float(row.seconds))


async def find_lease(tx: Tx, name: str) -> Lease | None:
    """The lease as it stands; None when nobody ever held it."""
    there = await tx.scalar(sa.select(leases.c.name).where(leases.c.name == name))
    return await read_lease(tx, name) if there else None


async def release(tx: Tx, name: str, holder: str) -> None:
    """Let go, so that another need not wait."""
    await tx.execute(sa.update(leases).where(leases.c.name == name, leases.c.holder == holder).values(until=0))


async def prune(tx: Tx, prefix: str, seconds: float) -> None:
    """Forget the leases whose names begin so and that ran out longer ago than that."""
    old = (leases.c.name.startswith(prefix), leases.c.until < _now(tx) - seconds)
    await tx.execute(sa.delete(leases).where(*old))


async def lock_fence(tx: Tx, name: str) -> int:
    """The newest fence, held until the transaction ends: nobody takes over meanwhile."""
    query = sa.select(leases.c.fence).where(leases.c.name == name).with_for_update(read=True)
    return int(await tx.scalar(query) or 0)


def select_living_replicas(tx: Tx) -> sa.Select[tuple[str]]:
    """The replicas that have shown lately that they live."""
    is_heartbeat = leases.c.name.startswith("replica:")
    return sa.select(leases.c.holder).where(is_heartbeat, leases.c.until > _now(tx))


def _now(tx: Tx) -> sa.ColumnElement[float]:
    """The database's clock, in seconds since 1970: replicas' own clocks may differ."""
    if tx.dialect.name == "postgresql":
        return sa.func.extract("epoch", sa.func.clock_timestamp()).cast(sa.Double)
    return (sa.func.julianday("now") - 2440587.5) * 86400.0
