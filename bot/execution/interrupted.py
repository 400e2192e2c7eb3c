"""Interrupted invocations: those whose process died, whose outcome is uncertain, or whose end wasn't recorded."""

from __future__ import annotations

from datetime import datetime

import structlog

from bot.operations.invocation import Invocation
from bot.operations.queries import (
    abandon_invocations,
    adopt_invocation,
    find_next_invocation_due,
    find_undelivered,
    find_unfinished,
    postpone_invocation,
)
from bot.runtime.clock import Clock
from bot.store.transactions import Store
from bot.store.vault import Vault

log = structlog.stdlib.get_logger(__name__)


class InterruptedInvocations:
    """Finds and assigns interrupted invocations; `replica` names this process."""

    def __init__(self, store: Store, vault: Vault, clock: Clock, replica: str) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._replica = replica
        # Ids whose end couldn't be recorded because the database didn't answer.
        self._abandoned: set[str] = set()

    async def postpone(self, invocation: Invocation, until: datetime) -> None:
        """Plan the next probe of an invocation whose outcome isn't certain yet."""
        async with self._store.write() as tx:
            await postpone_invocation(tx, invocation.id, until)

    @property
    def has_abandoned(self) -> bool:
        """Return whether invocations couldn't be closed because the database didn't answer."""
        return bool(self._abandoned)

    def abandon(self, invocation: Invocation) -> None:
        """Leave an invocation to recovery; only memory is left to note it while the database doesn't answer."""
        log.warning("outcome not recorded; left to recovery", invocation=invocation.id)
        self._abandoned.add(invocation.id)

    async def release_abandoned(self) -> int:
        """Hand abandoned invocations to the leader by clearing their replica, because only the leader recovers."""
        abandoned = frozenset(self._abandoned)
        if abandoned:
            async with self._store.write() as tx:
                await abandon_invocations(tx, abandoned, self._replica)
            self._abandoned -= abandoned
        return len(abandoned)

    async def find_interrupted(self) -> tuple[tuple[Invocation, ...], tuple[Invocation, ...]]:
        """Return invocations to resume, and closed ones whose answer is overdue."""
        now = self._clock.now()
        async with self._store.read() as tx:
            unfinished = await find_unfinished(tx, self._vault, now, self._replica, self._abandoned)
            return unfinished, await find_undelivered(tx, self._vault, now)

    async def find_next_due(self) -> datetime | None:
        """Return when the next probe or delivery is due."""
        async with self._store.read() as tx:
            return await find_next_invocation_due(tx)

    async def adopt(self, invocation: Invocation) -> bool:
        """Assign an invocation to this replica; False where its owner is still alive."""
        self._abandoned.discard(invocation.id)
        async with self._store.write() as tx:
            return await adopt_invocation(tx, invocation.id, self._replica)
