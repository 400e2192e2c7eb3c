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

SECONDS = 15.0
# A call that was begun may take this long: whoever may lose the lease meanwhile begins none.
CALL_SECONDS = 10.0
RENEW_EVERY = 2.0
TRY_EVERY = 0.3
# The sign of life of a replica that ended is kept for a while, for whoever reads the table.
FORGET_SECONDS = 3600.0
log = structlog.stdlib.get_logger(__name__)


class LeadershipLost(Unavailable):
    """Another replica has taken over."""

    def __init__(self) -> None:
        super().__init__("Another replica writes to this workspace now.")


class Leadership(Protocol):
    """Whether this replica is the writer."""

    def mine(self) -> bool:
        """May a call to Slack be begun now?"""

    def sure(self) -> None:
        """Raises LostLease unless a call to Slack may be begun now."""

    async def check(self, _tx: Tx, /) -> None:
        """Raises LostLease unless this replica still is the writer, until the transaction ends."""

    async def tick(self) -> int:
        """Renew, or try to take over; 1 when it was taken over just now."""

    async def release(self) -> None:
        """Let go at a graceful end."""


class SingleProcess:
    """One process on SQLite: the lock file beside the database keeps others out."""

    def mine(self) -> bool:
        return True

    def sure(self) -> None:
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
        line: PostgresSession,
        clock: Clock,
        took_over: Callable[[], None],
    ) -> None:
        self._name = name
        self._replica = replica
        self._store = store
        self._line = line
        self._clock = clock
        self._took_over = took_over
        self._until = self._asked_at = float("-inf")
        self._fence: int | None = None
        self._holder = ""

    def mine(self) -> bool:
        return self._fence is not None and self._clock.monotonic() < self._until - CALL_SECONDS

    def sure(self) -> None:
        if not self.mine():
            raise LeadershipLost

    async def check(self, tx: Tx, /) -> None:
        if self._fence is None or await leases.fence(tx, self._name) != self._fence:
            self._fence = None
            raise LeadershipLost

    async def tick(self) -> int:
        asked_at = self._clock.monotonic()
        dead = await self._dead()
        if asked_at - self._asked_at < RENEW_EVERY and dead is None:
            return 0
        async with self._store.write() as tx:
            held = await leases.take(tx, self._name, self._replica, SECONDS, dead=dead)
            await leases.take(tx, beat_name(self._replica), self._replica, SECONDS)
            if held.holder == self._replica:
                await leases.prune(tx, beat_name(""), FORGET_SECONDS)
        self._asked_at = asked_at
        return self._noted(held, asked_at)

    async def _dead(self) -> str | None:
        """The holder, if its lock is free: its session has ended, and with it most likely its process."""
        if not await self._line.hold(self._replica) or self._holder in ("", self._replica):
            return None
        return self._holder if await self._line.free(self._holder) else None

    async def next_at(self) -> datetime:
        """When to try again: often, for a dead replica's lock is free at once."""
        return self._clock.now() + timedelta(seconds=TRY_EVERY)

    async def release(self) -> None:
        """Let go at a graceful end, so that nobody need wait."""
        self._fence = None
        async with self._store.write() as tx:
            await leases.release(tx, self._name, self._replica)
            await leases.release(tx, beat_name(self._replica), self._replica)
        await self._line.unlock()
        await self._line.notify("lease")

    def _noted(self, held: leases.Held, asked_at: float) -> int:
        before, mine = self._fence, held.holder == self._replica
        self._holder, self._fence = held.holder, held.fence if mine else None
        self._until = asked_at + held.seconds if mine else float("-inf")
        if mine and before != held.fence:
            log.info("this replica writes now", fence=held.fence)
            self._took_over()
            return 1
        if before is not None and not mine:
            log.warning("another replica writes now", holder=held.holder, fence=held.fence)
        return 0


def owned(lease: Leadership, tick: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
    """Work that only the writer does."""

    async def ticked() -> int:
        return await tick() if lease.mine() else 0

    return ticked


def due_if_owned(
    lease: Leadership, next_at: Callable[[], Awaitable[datetime | None]]
) -> Callable[[], Awaitable[datetime | None]]:
    """Others need not look when the writer's work is due: they are woken when they take over."""

    async def due() -> datetime | None:
        return await next_at() if lease.mine() else None

    return due


class Fenced:
    """The store as the writer may use it: every transaction first makes sure that it still is the writer."""

    def __init__(self, store: Store, lease: Leadership) -> None:
        self._store = store
        self._lease = lease

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """As Store.write; raises LostLease before anything is written."""
        async with self._store.write() as tx:
            await self._lease.check(tx)
            yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """As Store.read."""
        async with self._store.read() as tx:
            yield tx


def beat_name(replica: str) -> str:
    """The row by which a replica shows that it lives."""
    return f"replica:{replica}"
