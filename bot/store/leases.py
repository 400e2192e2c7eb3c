"""Queries the table of leases: who holds each, until when, and with which fence."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.sql import insert_into
from bot.store.tables import leases
from bot.store.transactions import Tx


@dataclass(frozen=True)
class Lease:
    """A lease: `seconds` are left by the database's clock; `fence` grows with each change of holder."""

    holder: str
    fence: int
    seconds: float


async def take(tx: Tx, name: str, holder: str, seconds: float, *, dead: str | None = None) -> Lease:
    """Renew our own lease, or take it over if it has expired or its holder is `dead`; return the lease either way.

    The conditional UPDATE is atomic: of two replicas that try at once, the second sees the first one's row. `dead`
    is compared again here, since the lease may have changed hands after the holder was found dead.
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
    """Return the lease, which must exist."""
    left = (leases.c.until - _now(tx)).label("seconds")
    row = (await tx.execute(sa.select(leases.c.holder, leases.c.fence, left).where(leases.c.name == name))).one()
    return Lease(row.holder, row.fence, float(row.seconds))


async def find_lease(tx: Tx, name: str) -> Lease | None:
    """Return the lease, or None if it has never been held."""
    exists = await tx.scalar(sa.select(leases.c.name).where(leases.c.name == name))
    return await read_lease(tx, name) if exists else None


async def release(tx: Tx, name: str, holder: str) -> None:
    """End our lease now, so that another replica can take it."""
    await tx.execute(sa.update(leases).where(leases.c.name == name, leases.c.holder == holder).values(until=0))


async def prune(tx: Tx, prefix: str, seconds: float) -> None:
    """Delete leases whose name starts with `prefix` and that expired more than `seconds` ago."""
    old = (leases.c.name.startswith(prefix), leases.c.until < _now(tx) - seconds)
    await tx.execute(sa.delete(leases).where(*old))


async def lock_fence(tx: Tx, name: str) -> int:
    """Return the current fence, and lock its row (FOR SHARE) so that no takeover can happen until `tx` ends.

    A shared lock, so that the leader's own transactions don't wait for each other.
    """
    query = sa.select(leases.c.fence).where(leases.c.name == name).with_for_update(read=True)
    return int(await tx.scalar(query) or 0)


def select_living_replicas(tx: Tx) -> sa.Select[tuple[str]]:
    """Select the replicas whose heartbeat hasn't expired."""
    is_heartbeat = leases.c.name.startswith("replica:")
    return sa.select(leases.c.holder).where(is_heartbeat, leases.c.until > _now(tx))


def _now(tx: Tx) -> sa.ColumnElement[float]:
    """Return the database's clock, in seconds since 1970, since the replicas' own clocks may differ."""
    if tx.dialect.name == "postgresql":
        return sa.func.extract("epoch", sa.func.clock_timestamp()).cast(sa.Double)
    return (sa.func.julianday("now") - 2440587.5) * 86400.0
