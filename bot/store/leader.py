"""Which replica writes to the workspace: one at a time, known by a fence that grows with every take-over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.store import leases
from bot.store.postgres_session import PostgresSession
from bot.store.transactions import Store, Tx

LEASE_SECONDS = 15.0
# A call that was begun may take this long: whoever may lose the lease meanwhile begins none.
CALL_SECONDS = 10.0
RENEW_SECONDS = 2.0
RETRY_SECONDS = 0.3
# The sign of life of a replica that ended is kept for a while, for whoever reads the table.
FORGET_SECONDS = 3600.0
log = structlog.stdlib.get_logger(__name__)


class LeadershipLost(Unavailable):
    """Another replica has taken over."""

    def __init__(self) -> None:
        super().__init__("Another replica writes to this workspace now.")


class Leadership(Protocol):
    """Whether this replica is the writer."""

    def is_leader(self) -> bool:
        """May a call to Slack be begun now?"""

    def require_leader(self) -> None:
        """Raises LostLease unless a call to Slack may be begun now."""

    async def check(self, _tx: Tx, /) -> None:
        """Raises LostLease unless this replica still is the writer, until the transaction ends."""

    async def tick(self) -> int:
        """Renew, or try to take over; 1 when it was taken over just now."""

    async def release(self) -> None:
        """Let go at a graceful end."""


class SingleProcess:
    """One process on SQLite: the lock file beside the database keeps others out."""

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
    """Several replicas on PostgreSQL.

    Each holds an advisory lock of its own name. It goes with the session, so that another replica takes over
    within a second when the holder's process ends; the row is the net for a process that hangs. `took_over` is
    called when the lease comes to this replica.
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
        return self._fence is not None and self._clock.monotonic() < self._until - CALL_SECONDS

    def require_leader(self) -> None:
        if not self.is_leader():
            raise LeadershipLost

    async def check(self, tx: Tx, /) -> None:
        if self._fence is None or await leases.lock_fence(tx, self._name) != self._fence:
            self._fence = None
            raise LeadershipLost

    async def tick(self) -> int:
        asked_at = self._clock.monotonic()
        dead = await self._find_dead_holder()
        if asked_at - self._renewed_at < RENEW_SECONDS and dead is None:
            return 0
        async with self._store.write() as tx:
            lease = await leases.take(tx, self._name, self._replica, LEASE_SECONDS, dead=dead)
            await leases.take(tx, heartbeat_name(self._replica), self._replica, LEASE_SECONDS)
            if lease.holder == self._replica:
                await leases.prune(tx, heartbeat_name(""), FORGET_SECONDS)
        self._renewed_at = asked_at
        return self._apply_lease(lease, asked_at)

    async def _find_dead_holder(self) -> str | None:
        """The holder, if its lock is free: its session has ended, and with it most likely its process."""
        if not await self._session.hold_lock(self._replica) or self._holder in ("", self._replica):
            return None
        return self._holder if await self._session.is_lock_free(self._holder) else None

    async def next_at(self) -> datetime:
        """When to try again: often, for a dead replica's lock is free at once."""
        return self._clock.now() + timedelta(seconds=RETRY_SECONDS)

    async def release(self) -> None:
        """Let go at a graceful end, so that nobody need wait."""
        self._fence = None
        async with self._store.write() as tx:
            await leases.release(tx, self._name, self._replica)
            await leases.release(tx, heartbeat_name(self._replica), self._replica)
        await self._session.release_lock()
        await self._session.notify("lease")

    def _apply_lease(self, lease: leases.Lease, asked_at: float) -> int:
        before, mine = self._fence, lease.holder == self._replica
        self._holder, self._fence = lease.holder, lease.fence if mine else None
        self._until = asked_at + lease.seconds if mine else float("-inf")
        if mine and before != lease.fence:
            log.info("this replica writes now", fence=lease.fence)
            self._on_takeover()
            return 1
        if before is not None and not mine:
            log.warning("another replica writes now", holder=lease.holder, fence=lease.fence)
        return 0


def run_if_leader(leadership: Leadership, tick: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """Work that only the writer does."""

    async def tick_if_leader() -> int:
        return await tick() if leadership.is_leader() else 0

    return tick_if_leader


def due_if_leader(
    leadership: Leadership, next_at: Callable[[], Awaitable[datetime | None]]
) -> Callable[[], Awaitable[datetime | None]]:
    """Others need not look when the writer's work is due: they are woken when they take over."""

    async def next_at_if_leader() -> datetime | None:
        return await next_at() if leadership.is_leader() else None

    return next_at_if_leader


class FencedStore:
    """The store as the writer may use it: every transaction first makes sure that it still is the writer."""

    def __init__(self, store: Store, leadership: Leadership) -> None:
        self._store = store
        self._leadership = leadership

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """As Store.write; raises LostLease before anything is written."""
        async with self._store.write() as tx:
            await self._leadership.check(tx)
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """As Store.read."""
        async with self._store.read() as tx:
            yield tx


def heartbeat_name(replica: str) -> str:
    """The row by which a replica shows that it lives."""
    return f"replica:{replica}"
