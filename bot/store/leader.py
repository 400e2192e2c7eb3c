"""Elects the leader: the one replica that writes to Slack, identified by a fence that grows with every takeover.

Slack's API can't reject a stale writer, so two replicas that both believe they lead would post every card twice.
Three things together prevent that, and each covers a failure that the others don't:

- The lease, a row with an end time by the database's clock, covers a process that hangs or is cut off: it expires.
  A leader begins no call to Slack unless the lease lasts longer than the call may take.
- The fence, a number in that row, covers a process that wakes up from a pause: every transaction first checks it,
  so that a former leader can't record anything over its successor's work.
- The advisory lock, held by a database session, covers the common case, a process that ended: PostgreSQL frees the
  lock with the session, and another replica notices within a second rather than after the lease's 15.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.runtime.loop import LoopName
from bot.store import leases
from bot.store.postgres_session import PostgresSession
from bot.store.transactions import Store, Tx

# CALL_SECONDS plus two renewals: one that fails, and one that makes up for it, before the leader has to fall
# silent.
LEASE_SECONDS = 15.0
# A call to Slack may take this long. Within the last 10 seconds of its lease a leader begins none, since a
# successor could make the same call before the first one has ended.
CALL_SECONDS = 10.0
RENEW_SECONDS = 2.0
# How often the other replicas try: a dead leader's advisory lock is free at once.
RETRY_SECONDS = 0.3
# Heartbeats of ended replicas are kept for an hour, for people who inspect the table.
FORGET_SECONDS = 3600.0
log = structlog.stdlib.get_logger(__name__)


class LeadershipLost(Unavailable):
    """Another replica has taken over."""

    def __init__(self) -> None:
        super().__init__("Another replica is the leader now.")


class Leadership(Protocol):
    """This replica's view of the leadership."""

    def is_leader(self) -> bool:
        """Return whether this replica may begin a call to Slack now."""

    def require_leader(self) -> None:
        """Raise LeadershipLost unless this replica may begin a call to Slack now."""

    async def check(self, _tx: Tx, /) -> None:
        """Raise LeadershipLost unless this replica leads, and keep others from taking over until `_tx` ends."""

    async def tick(self) -> int:
        """Renew the lease or try to take it over; return 1 if this replica has just become the leader."""

    async def release(self) -> None:
        """Give up the leadership at a graceful shutdown."""


class SingleProcess:
    """The leadership of the only process on SQLite: a lock file next to the database keeps others out."""

    def is_leader(self) -> bool:
        return True

    def require_leader(self) -> None:
        return None

    async def check(self, _tx: Tx, /) -> None:
        return None

    async def tick(self) -> int:
        return 0

    async def release(self) -> None:
        return None


class ElectedLeader:
    """The leadership among several replicas on PostgreSQL.

    Each replica holds an advisory lock named after itself for as long as its session lives, leader or not: others
    find out with it whether the holder of the lease is still there. `on_takeover` is called when this replica
    becomes the leader.
    """

    def __init__(
        self,
        name: str,
        replica: str,
        store: Store,
        session: PostgresSession,
        clock: Clock,
        on_takeover: Callable[[], None],
    ) -> None:
        self._name = name
        self._replica = replica
        self._store = store
        self._session = session
        self._clock = clock
        self._on_takeover = on_takeover
        self._until = self._renewed_at = float("-inf")
        self._fence: int | None = None
        self._holder = ""

    def is_leader(self) -> bool:
        # Monotonic time, counted from before the renewal was sent: the real lease always lasts longer than
        # `_until`.
        return self._fence is not None and self._clock.monotonic() < self._until - CALL_SECONDS

    def require_leader(self) -> None:
        if not self.is_leader():
            raise LeadershipLost

    async def check(self, tx: Tx, /) -> None:
        if self._fence is None or await leases.lock_fence(tx, self._name) != self._fence:
            self._fence = None
            raise LeadershipLost

    async def tick(self) -> int:
        started_at = self._clock.monotonic()
        dead = await self._find_dead_holder()
        if started_at - self._renewed_at < RENEW_SECONDS and dead is None:
            return 0
        async with self._store.write() as tx:
            lease = await leases.take(tx, self._name, self._replica, LEASE_SECONDS, dead=dead)
            await leases.take(tx, heartbeat_name(self._replica), self._replica, LEASE_SECONDS)
            if lease.holder == self._replica:
                await leases.prune(tx, heartbeat_name(""), FORGET_SECONDS)
        self._renewed_at = started_at
        return self._apply_lease(lease, started_at)

    async def _find_dead_holder(self) -> str | None:
        """Return the lease's holder if its advisory lock is free, which means that its session has ended.

        Most likely its process has, too. If not, the fence stops its next transaction. Only a replica that holds
        its own lock may judge: a pooler that swallows locks would make every replica look dead to every other.
        """
        if not await self._session.hold_lock(self._replica) or self._holder in ("", self._replica):
            return None
        return self._holder if await self._session.is_lock_free(self._holder) else None

    async def next_at(self) -> datetime:
        """Return when to tick again."""
        return self._clock.now() + timedelta(seconds=RETRY_SECONDS)

    async def release(self) -> None:
        """Give up the lease and the lock, and wake the other replicas, so that one takes over at once."""
        self._fence = None
        async with self._store.write() as tx:
            await leases.release(tx, self._name, self._replica)
            await leases.release(tx, heartbeat_name(self._replica), self._replica)
        await self._session.release_lock()
        await self._session.notify(LoopName.LEADERSHIP)

    def _apply_lease(self, lease: leases.Lease, started_at: float) -> int:
        before, mine = self._fence, lease.holder == self._replica
        self._holder, self._fence = lease.holder, lease.fence if mine else None
        self._until = started_at + lease.seconds if mine else float("-inf")
        if mine and before != lease.fence:
            log.info("this replica is the leader now", fence=lease.fence)
            self._on_takeover()
            return 1
        if before is not None and not mine:
            log.warning("another replica is the leader now", holder=lease.holder, fence=lease.fence)
        return 0


def run_if_leader(leadership: Leadership, tick: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """Wrap the tick of a loop so that only the leader runs it."""

    async def tick_if_leader() -> int:
        return await tick() if leadership.is_leader() else 0

    return tick_if_leader


def due_if_leader(
    leadership: Leadership, next_at: Callable[[], Awaitable[datetime | None]]
) -> Callable[[], Awaitable[datetime | None]]:
    """Wrap `next_at` of a loop so that other replicas wait for no due time: taking over wakes their loops."""

    async def next_at_if_leader() -> datetime | None:
        return await next_at() if leadership.is_leader() else None

    return next_at_if_leader


class FencedStore:
    """The store for the leader's work: every transaction first makes sure that this replica still leads."""

    def __init__(self, store: Store, leadership: Leadership) -> None:
        self._store = store
        self._leadership = leadership

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """Open a transaction like Store.write; raise LeadershipLost before anything is written."""
        async with self._store.write() as tx:
            await self._leadership.check(tx)
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """Open a connection like Store.read."""
        async with self._store.read() as tx:
            yield tx


def heartbeat_name(replica: str) -> str:
    """Return the name of the lease row that serves as a replica's heartbeat."""
    return f"replica:{replica}"
